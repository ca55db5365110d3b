"""What the process's exit code tells a script."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Every command's outcome."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    """Done, but some input was rejected or some messages were dead-lettered."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; the same command goes on where it stopped."""


class CommandFailed(Exception):
    """A command cannot do what it was asked to; the message is one sentence for the person who asked."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code
