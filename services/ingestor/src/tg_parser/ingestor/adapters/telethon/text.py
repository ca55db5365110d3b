"""A message's text and its styled ranges. Telegram counts in UTF-16 code units, as the contract does."""

from __future__ import annotations

import re
from typing import Any, Final

from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, parts, word
from tg_parser.ingestor.adapters.telethon.unreadable import Unreadable

LONGEST_TEXT: Final = 65_536  # characters; Telegram itself ends at 4,096
MOST_ENTITIES: Final = 2_000  # Telegram itself ends at 100
LONGEST_URL: Final = 4_096
NAMES: Final = {"Url": "link", "TextUrl": "text_link", "Strike": "strikethrough"}
"""Where Telegram Desktop's name of a style, which the contract uses, is not the constructor's in snake case."""
CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def text_of(message: Dump) -> str:
    """The text. Raises Unreadable if it is longer than any message can be."""
    text = word(message.get("message"), LONGEST_TEXT + 1) or ""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"Its text is longer than {LONGEST_TEXT:,} characters; no message is.")
    return text


def entities_of(message: Dump) -> list[dict[str, Any]]:
    """The styled ranges as `TextEntity` takes them, each within the text. Raises Unreadable if there are too many."""
    length = utf16_length(text_of(message))
    found = parts(message, "entities")
    if len(found) > MOST_ENTITIES:
        raise Unreadable(f"Its text has {len(found):,} styled ranges; no message has more than {MOST_ENTITIES:,}.")
    entities = (_entity(entity, length) for entity in found)
    return [entity for entity in entities if entity]


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: a character outside the basic plane counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


def snake_case(name: str) -> str:
    """`CustomEmoji` as `custom_emoji`."""
    return CAPITAL.sub("_", name).lower()


def _entity(entity: Dump, text_length: int) -> dict[str, Any] | None:
    offset, length = count(entity.get("offset")), count(entity.get("length"))
    if offset is None or length is None or offset >= text_length:
        return None
    name = constructor(entity).removeprefix("Input").removeprefix("MessageEntity")
    styled: dict[str, Any] = {
        "type": NAMES.get(name) or snake_case(name) or "unknown",
        "offset": offset,
        "length": min(length, text_length - offset),
    }
    return styled | _details(entity)


def _details(entity: Dump) -> dict[str, Any]:
    details: dict[str, Any] = {
        "url": word(entity.get("url"), LONGEST_URL),
        "language": word(entity.get("language"), 64),
    }
    for member in ("user_id", "document_id"):
        details[member] = str(entity[member]) if type(entity.get(member)) is int else None
    details["collapsed"] = entity.get("collapsed") or None
    return {name: value for name, value in details.items() if value is not None}
