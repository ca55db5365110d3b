"""What can go wrong with machines, as sentences. An expected refusal is a fact and never one of these."""

from __future__ import annotations


class ChassisError(Exception):
    """Base of the errors below; its message is a sentence for a person."""


class TransientError(ChassisError):
    """The same work may succeed later: it is handed back and tried again after `retry_in` seconds."""

    def __init__(self, message: str, *, retry_in: float = 1.0) -> None:
        super().__init__(message)
        self.retry_in = retry_in


class Postponed(TransientError):
    """The work has to wait, through no fault of anybody: it is tried again after `retry_in` seconds, however often."""


class PermanentError(ChassisError):
    """Trying again is useless: the work is dead-lettered at once."""


class ConcurrencyError(ChassisError):
    """Somebody else appended to the same log first: load it again and decide again."""


class WindowFull(ChassisError):
    """A workflow has as many jobs waiting as it may have: stop and go on when one is settled."""


class PublishFailed(TransientError):
    """The server did not confirm a message in time; whether it holds it is unknown, and the same id may be sent again."""


class ServerUnavailable(ChassisError):
    """A server this service cannot live without does not answer."""


class TaskEnded(ChassisError):
    """A task that must run as long as its service ended by itself."""
