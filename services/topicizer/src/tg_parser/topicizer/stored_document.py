"""The part of a document that the grouping keeps, as JSON in the topicizer's tables."""

from __future__ import annotations

from tg_parser.contracts.documents import ProcessedDocument
from tg_parser.contracts.model import Contract, Timestamp


class StoredDocument(Contract):
    """The part of a `ProcessedDocument` that the grouping keeps."""

    source_ref: str
    source_message_id: str
    channel_id: str
    text_clean: str
    title: str = ""
    summary: str = ""
    topics: tuple[str, ...] = ()
    language: str = "und"
    is_ad: bool = False
    published_at: Timestamp
    hashtags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    forwarded_from: str | None = None
    reply_to: str | None = None


FIELDS = set(StoredDocument.model_fields)


def stored(document: ProcessedDocument) -> str:
    """The JSON that `Document`s are read from."""
    return document.model_dump_json(include=FIELDS, exclude_none=True)
