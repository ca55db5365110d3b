"""Why something Telegram showed is no message."""

from __future__ import annotations


class Unreadable(Exception):
    """What Telegram showed cannot be read as a message. The message is a sentence that says why."""
