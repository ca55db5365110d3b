"""Rich messages: headings, tables, lists and formulas as blocks, kept as Telegram's schema names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tg_parser.ingestor.adapters.telethon.dumps import Dump, part, parts
from tg_parser.ingestor.adapters.telethon.media import document, photo


def is_partial(message: Dump) -> bool:
    """Whether only the beginning is there, so that the rest has to be asked for (`messages.getRichMessage`)."""
    return part(message, "rich_message").get("part") is True


def blocks_of(message: Dump) -> list[dict[str, Any]]:
    """The blocks, each with its constructor of the schema as `_`: `pageBlockParagraph`."""
    return [_named(block) for block in parts(part(message, "rich_message"), "blocks")]


def attached_to(message: Dump) -> list[dict[str, Any]]:
    """The pictures and files its blocks show, as `Media` takes them."""
    rich = part(message, "rich_message")
    return [*map(photo, parts(rich, "photos")), *map(document, parts(rich, "documents"))]


def _named(value: Any) -> Any:
    """Telethon begins constructors with a capital, the schema does not."""
    if isinstance(value, Mapping):
        return {
            name: inner[:1].lower() + inner[1:] if name == "_" else _named(inner)
            for name, inner in value.items()
            if inner is not None
        }
    if isinstance(value, str):
        return value.replace("\0", "")
    return [_named(inner) for inner in value] if isinstance(value, (list, tuple)) else value
