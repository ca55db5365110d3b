"""Servers that outlived a killed owner: found by what they are and where they run, and stopped by their ids.

A pid file alone proves nothing, for ids are used again; and it is missing when the owner died early. So a process is
ours if its name is the server's and its working directory is the one inside our data directory, which is locked: no
living owner can have started it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import psutil

from tg_parser.chassis.embedded.errors import ServerFailed

_CLEANLY_WITHIN: Final = 10.0  # seconds for a clean end; Postgres writes a checkpoint in that time
_KILLED_WITHIN: Final = 5.0  # seconds
_POLL_EVERY: Final = 0.02  # seconds


def left_over(names: Collection[str], directories: Collection[Path]) -> list[psutil.Process]:
    """The running processes of these names whose working directory is one of these real paths."""
    return list(_matching(names, {str(directory) for directory in directories}))


def stop(found: list[psutil.Process], asked: Collection[int], how: signal.Signals) -> None:
    """Send `how` to those of `found` whose ids are in `asked`, then kill whatever is still there. Blocks.

    Raises:
        ServerFailed: a process survives even that.
    """
    for process in found:
        if process.pid in asked:
            _send(process, how)
            _send(process, signal.SIGCONT)  # a suspended process would not act on it
    for process in _alive(found, _CLEANLY_WITHIN):
        _send(process, signal.SIGKILL)
    for process in _alive(found, _KILLED_WITHIN):
        raise ServerFailed(f"Process {process.pid}, left over from an earlier run, cannot be stopped.")


def _matching(names: Collection[str], directories: set[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.name() in names and process.cwd() in directories:
                yield process
        except psutil.Error:  # it has just ended, or belongs to somebody else
            continue


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _alive(found: list[psutil.Process], within: float) -> list[psutil.Process]:
    deadline = time.monotonic() + within
    while (alive := [process for process in found if runs(process)]) and time.monotonic() < deadline:
        time.sleep(_POLL_EVERY)
    return alive


def runs(process: psutil.Process) -> bool:
    """Whether it does anything still: where nobody collects orphans, a dead process stays in the table."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
