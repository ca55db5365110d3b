"""A text with its styled ranges, as messages take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

LONGEST_TEXT: Final = 65_536  # characters; Telegram itself ends at 4,096
MOST_ENTITIES: Final = 2_000  # Telegram itself ends at 100
LONGEST_URL: Final = 4_096


@dataclass(frozen=True, slots=True)
class StyledText:
    """A text, and its entities as `TextEntity` takes them."""

    text: str
    entities: list[dict[str, Any]]


def checked(text: str, entities: list[dict[str, Any]]) -> StyledText:
    """Both together. Raises Unreadable if one is longer than any message's."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"Its text has {len(text):,} characters; no message has more than {LONGEST_TEXT:,}.")
    if len(entities) > MOST_ENTITIES:
        raise Unreadable(f"Its text has {len(entities):,} styled ranges; no message has more than {MOST_ENTITIES:,}.")
    return StyledText(text, entities)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: a character outside the basic plane counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1
