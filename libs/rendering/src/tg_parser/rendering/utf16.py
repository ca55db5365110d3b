"""Telegram counts in UTF-16 code units (core.telegram.org/api/entities), Python in characters."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from tg_parser.contracts.messages import TextEntity

ASTRAL = re.compile("[\U00010000-\U0010ffff]")
"""Characters that take two code units."""


class Utf16Positions:
    """Where the code units of one text are among its characters."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        found = [] if text.isascii() else [match.start() for match in ASTRAL.finditer(text)]
        self._astral = [at + before for before, at in enumerate(found)]

    def span(self, entity: TextEntity) -> tuple[int, int]:
        """First character of `entity` and the one after its last, within the text. Half a character counts as a whole one."""
        start = self._character(entity.offset)
        if not entity.length:
            return start, start
        return start, self._character(entity.offset + entity.length, upwards=True)

    def _character(self, unit: int, *, upwards: bool = False) -> int:
        before = bisect_left(self._astral, unit)
        inside = before > 0 and self._astral[before - 1] == unit - 1
        return min(unit - before + (inside and upwards), self._length)


def pieces(text: str, entities: Iterable[TextEntity]) -> list[str]:
    """What each of `entities` covers, in their order."""
    positions = Utf16Positions(text)
    return [text[slice(*positions.span(entity))] for entity in entities]
