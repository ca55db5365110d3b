"""A document as the grouping sees it, and as it keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

KEPT_TEXT = 240
"""Characters of the text kept for cards; the rest has become features."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is compared, and what a card quotes. `published_at` has a zone; `seq` is the place in the log."""

    source_ref: str
    revision: int
    seq: int
    channel_id: str
    message_id: str
    published_at: datetime
    text: str
    title: str
    summary: str
    phrases: tuple[str, ...]
    hashtags: tuple[str, ...]
    urls: tuple[str, ...]
    reply_to: str | None
    forwarded_from: str | None
    language: str
    is_ad: bool


_KEPT = [field.name for field in fields(Document) if field.name not in {"urls", "seq"}]
_TEXT = _KEPT.index("text")
_DATE = _KEPT.index("published_at")


def serialized(document: Document) -> bytes:
    """What cards need of a document: not its addresses, nor its place in the log, and of the text KEPT_TEXT characters."""
    values: list[Any] = [getattr(document, name) for name in _KEPT]
    values[_TEXT] = document.text[:KEPT_TEXT]
    values[_DATE] = document.published_at.isoformat()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def restored(data: bytes) -> Document:
    """The document that was `serialized`, as far as it was."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in json.loads(data)]
    values[_DATE] = datetime.fromisoformat(values[_DATE])
    return Document(**dict(zip(_KEPT, values, strict=True)), urls=(), seq=0)
