"""Pieces of a document as positions in it: what is cut by position is verbatim by construction."""

from __future__ import annotations

import re
from typing import NamedTuple


class Span(NamedTuple):
    """A piece of a text: from `start` up to, not including, `end`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The piece itself."""
        return text[self.start : self.end]


# What may open a sentence besides a letter or digit, and what may close it; all else at its ends is decoration.
_OPENING = "«\"“„‘'([#@$€£₽₴+−<"
_CLOSING = "»\"”“’').]!?…%‰₽₴$€£+。！？؟>°"
_FIRST = re.compile(rf"[\w{re.escape(_OPENING)}]")
_LAST = re.compile(rf"[\w{re.escape(_CLOSING)}]")


def undecorated(text: str, span: Span) -> Span:
    """`span` without bullets, emoji, markup and spaces at its ends; empty if it holds nothing else."""
    start, end = span
    while start < end and not _FIRST.match(text, start):
        start += 1
    while end > start and not _LAST.match(text, end - 1):
        end -= 1
    return Span(start, end)


def lines(text: str, end: int) -> list[Span]:
    """The lines of `text[:end]` that hold more than whitespace, without their line ends."""
    found: list[Span] = []
    start = 0
    while start <= end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        if not text[start:stop].isspace() and stop > start:
            found.append(Span(start, stop))
        start = stop + 1
    return found
