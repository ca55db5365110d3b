"""Service messages: what happened to a chat, kept as Telegram Desktop tells it."""

from __future__ import annotations

from typing import Any, Final

FRAME: Final = frozenset(
    {
        "id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action", "text",
        "text_entities", "photo", "photo_file_size", "width", "height", "reply_to_message_id", "reply_to_peer_id", "reactions",
    }
)  # fmt: skip
"""Members that every service message has, that say nothing about the action, or that stand in fields of their own."""
PRIVATE: Final = frozenset({"phone_number", "phone", "contact_vcard", "vcard"})
LONGEST: Final = 1_000
MOST: Final = 200
DEEPEST: Final = 4


def action_detail(row: dict[str, Any]) -> dict[str, Any] | None:
    """What the action is about: a title, a pinned message, new members. Phone numbers are left out, long values cut."""
    detail = _clean({name: value for name, value in row.items() if name not in FRAME}, DEEPEST)
    return detail or None


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth:
        kept = [(str(name)[:LONGEST], _clean(part, depth - 1)) for name, part in value.items() if name not in PRIVATE]
        return {name: part for name, part in kept[:MOST] if part is not None}
    if isinstance(value, list) and depth:
        return [_clean(part, depth - 1) for part in value[:MOST]]
    if isinstance(value, str):
        return value.replace("\0", "")[:LONGEST]
    return value if isinstance(value, (bool, int, float)) else None
