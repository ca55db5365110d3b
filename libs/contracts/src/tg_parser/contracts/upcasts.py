"""Older stored bytes, read as today's messages. One pure step per version, chained; what is stored never changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


def message_ingested_v1(data: Data) -> Data:
    """v1 → v2: TG_parser v3's flat raw message becomes a message with entities, media and a content hash.

    v1 is the `RawTelegramMessage` of TG_parser v3 as its databases hold it; `raw_payload` is its soft-cut Telethon dump.
    """
    from tg_parser.contracts.messages import TelegramMessage  # noqa: PLC0415 - messages need no upcasts to be defined

    payload: Data = data.get("raw_payload") or {}
    media: Data = payload.get("media") or {}
    message = TelegramMessage.model_validate(
        {
            "channel_id": str(data["channel_id"]).removeprefix("-100"),
            "message_id": int(str(data["id"]).rsplit(":", 1)[-1]),
            "message_type": data["message_type"],
            "kind": _v3_kind(media),
            "date": _utc(data["date"]),
            "edited_at": _utc(payload.get("edit_date")),
            "text": data["text"],
            "media": [_v3_media(media)] if media else [],
            "author": payload.get("post_author"),
            "thread_id": data.get("thread_id"),
            "reply_to_message_id": data.get("parent_message_id"),
            "grouped_id": None if payload.get("grouped_id") is None else str(payload["grouped_id"]),
        }
    )
    return {
        "message": message.model_dump(mode="json"),
        "content_hash": message.content_hash(),
        "source_kind": "v3_database",
        "parser_version": "v3",
    }


def _utc(moment: str | None) -> str | None:
    """TG_parser v3 kept UTC, and its databases lost the mark of it."""
    if moment is None or datetime.fromisoformat(moment).tzinfo is not None:
        return moment
    return f"{moment}+00:00"


def _v3_kind(media: Data) -> str:
    if media.get("has_photo"):
        return "photo"
    return "file" if media.get("has_document") else "text"


def _v3_media(media: Data) -> Data:
    return {
        "kind": str(media.get("type") or _v3_kind(media)),
        "mime_type": media.get("mime_type"),
        "size_bytes": media.get("size_bytes"),
    }


UPCASTERS: dict[str, tuple[str, Upcaster]] = {
    "tg.message.ingested.v1": ("tg.message.ingested.v2", message_ingested_v1),
}
"""Wire type → (next wire type, step)."""


def upcast(wire_type: str, body: bytes) -> tuple[str, bytes]:
    """`body` as the newest version of its type. Bytes already newest are returned as they are, not parsed."""
    if wire_type not in UPCASTERS:
        return wire_type, body
    data: Data = json.loads(body)
    while wire_type in UPCASTERS:
        wire_type, step = UPCASTERS[wire_type]
        data = step(data)
    return wire_type, json.dumps(data, ensure_ascii=False).encode()
