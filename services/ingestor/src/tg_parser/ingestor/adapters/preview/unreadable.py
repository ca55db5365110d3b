"""What is said of markup that is not what it is taken for."""

from __future__ import annotations


class Unreadable(Exception):
    """A post, or a whole page, cannot be read. The message is a sentence that says why."""
