"""One row of `raw_messages` as a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from tg_parser.contracts.ids import MessageType, source_ref
from tg_parser.contracts.messages import MessageMetrics, TelegramMessage
from tg_parser.ingestor.adapters.exports.styled import StyledText, checked
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.v3_database.identities import Chat
from tg_parser.ingestor.adapters.v3_database.markdown import styled
from tg_parser.ingestor.adapters.v3_database.values import counter, members, moment, whole, word

PARSER_VERSION: Final = "v3_database/1"
"""Counts up with every change of what a row becomes."""
Row = Mapping[str, Any]


def message_of(row: Row, chat: Chat) -> TelegramMessage:
    """The message of a row. Raises Unreadable with a sentence that says why it is none."""
    payload = members(row["raw_payload_json"])
    text = _text(row, payload)
    checked(text.text, text.entities)
    told = {
        "message_id": message_id_of(row),
        "date": moment(row["date"]),
        "text": text.text,
        "entities": text.entities,
        "edited_at": moment(payload.get("edit_date")),
        "author": word(payload.get("post_author"), 256),
        "grouped_id": str(payload["grouped_id"])[:64] if payload.get("grouped_id") else None,
        **_media(payload.get("media")),
        **_place(row, chat),
    }
    if told["message_id"] is None:
        raise Unreadable(f"Its id is {str(row['id'])[:50]!r}, which is no number.")
    if told["date"] is None:
        raise Unreadable(f"Its date is {str(row['date'])[:50]!r}, which is no moment.")
    try:
        return TelegramMessage.model_validate({name: value for name, value in told.items() if value is not None})
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}.") from invalid


def message_id_of(row: Row) -> int | None:
    """The id of a row, if it has one."""
    return whole(row["id"])


def metrics_of(row: Row) -> MessageMetrics | None:
    """The counters as they were when v3 stored the message."""
    payload = members(row["raw_payload_json"])
    counts = {name: counter(payload.get(name)) for name in ("views", "forwards", "replies")}
    return MessageMetrics.model_validate(counts) if any(count is not None for count in counts.values()) else None


def _text(row: Row, payload: Mapping[str, Any]) -> StyledText:
    """v3's `text` is Telethon's Markdown; the words themselves are in the payload, unless that was too large."""
    markdown, plain = str(row["text"] or ""), payload.get("message")
    return styled(markdown, plain) if isinstance(plain, str) and plain else StyledText(markdown, [])


def _place(row: Row, chat: Chat) -> dict[str, Any]:
    """Where it stands. The ids of comments are those of a group v3 never named: their posts it did."""
    kind: MessageType = "comment" if row["message_type"] == "comment" else "post"
    place: dict[str, Any] = {"channel_id": chat.home(kind), "message_type": kind}
    post, answered = whole(row["thread_id"]), whole(row["parent_message_id"])
    if kind == "post":
        return place
    if post is not None and post > 0:
        place["root_ref"] = source_ref(chat.channel_id, "post", post)
    if answered != post:
        place["reply_to_message_id"] = answered
    if chat.group_id is None:
        place |= {"group_unknown": True, "thread_id": post}
    return place


def _media(media: Any) -> dict[str, Any]:
    """What hung on it. v3 kept the name of Telegram's class, and of files what sort they are of."""
    if not isinstance(media, dict):
        return {}
    if media.get("has_photo") is True:
        return {"kind": "photo", "media": [{"kind": "photo"}]}
    if media.get("has_document") is not True:
        return {}
    mime = word(media.get("mime_type"), 128)
    kind = _kind(mime or "")
    found = {"kind": kind, "mime_type": mime, "size_bytes": counter(media.get("size_bytes"))}
    return {"kind": kind, "media": [found]}


def _kind(mime: str) -> str:
    if mime in {"image/webp", "application/x-tgsticker", "video/webm"}:
        return "sticker"
    if mime == "audio/ogg":
        return "voice"
    family = mime.partition("/")[0]
    return family if family in {"video", "audio"} else "file"
