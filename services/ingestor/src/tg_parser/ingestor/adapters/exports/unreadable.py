"""The one way in which a message of an export can fail."""

from __future__ import annotations


class Unreadable(Exception):
    """It is no message. The text is a sentence about it, `Its text has …`, for the report to the user."""
