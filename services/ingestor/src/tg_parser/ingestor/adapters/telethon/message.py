"""One message of Telegram's, from its dump. Stored dumps are read again by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, moment, peer_id
from tg_parser.ingestor.adapters.telethon.extras import buttons_of, link_preview_of, reactions_of
from tg_parser.ingestor.adapters.telethon.media import content_of
from tg_parser.ingestor.adapters.telethon.relations import relations_of
from tg_parser.ingestor.adapters.telethon.rich import attached_to, blocks_of, is_partial
from tg_parser.ingestor.adapters.telethon.service import action_of
from tg_parser.ingestor.adapters.telethon.text import entities_of, text_of
from tg_parser.ingestor.adapters.telethon.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen

"""Counts up with every change of what a dump becomes."""


def reparse(original: Any, channel: ChannelSeen) -> TelegramMessage:
    """The message a dump of `channel` holds. Raises Unreadable with a sentence that says why it holds none."""
    if not isinstance(original, Mapping):
        raise Unreadable("It is not an object.")
    members = _members(original)
    members.setdefault("channel_id", channel.channel_id)
    members["protected"] = bool(original.get("noforwards") or channel.protected)
    try:
        return TelegramMessage.model_validate({name: value for name, value in members.items() if value is not None})
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}.") from invalid


def message_id_of(original: Dump) -> int | None:
    """The id of what may be a message."""
    return count(original.get("id")) or None


def _members(original: Dump) -> dict[str, Any]:
    kind = constructor(original)
    members: dict[str, Any] = {"message_id": message_id_of(original), "date": moment(original.get("date"))}
    if members["message_id"] is None:
        raise Unreadable("It has no id.")
    if kind not in {"Message", "MessageService"}:
        raise Unreadable(f"It is a {(kind or 'thing without a name')[:50]}, which is no message.")
    if members["date"] is None:
        raise Unreadable("It has no date.")
    if chat := peer_id(original.get("peer_id")):
        members["channel_id"] = chat
    members |= _content(original) if kind == "Message" else {"kind": "service", **action_of(original)}
    return members | relations_of(original) | {"reactions": reactions_of(original)}


def _content(original: Dump) -> dict[str, Any]:
    content = content_of(original)
    grouped = original.get("grouped_id")
    edited = None if original.get("edit_hide") else moment(original.get("edit_date"))
    return content | {
        "text": text_of(original),
        "entities": entities_of(original),
        "media": [*content.get("media", ()), *attached_to(original)],
        "rich": blocks_of(original),
        "rich_truncated": is_partial(original) or None,
        "buttons": buttons_of(original),
        "link_preview": link_preview_of(original),
        "edited_at": edited,
        "grouped_id": str(grouped) if grouped else None,
        "pinned": original.get("pinned") is True,
    }
