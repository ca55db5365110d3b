"""The part of a document that the grouping keeps, as JSON in the topicizer's tables."""

from __future__ import annotations

from tg_parser.contracts.model import Contract, Timestamp


class StoredDocument(Contract):
    """The part of a `ProcessedDocument` that the grouping keeps."""

    source_ref: str
    source_message_id: str
    channel_id: str
    text_clean: str
    title: str | None = None
    summary: str | None = None
    topics: tuple[str, ...] = ()
    language: str = "und"
    is_ad: bool = False
    published_at: Timestamp
    hashtags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    forwarded_from: str | None = None
    reply_to: str | None = None


class ProcessedPart(Contract):
    """The part of a `MessageProcessed` that is stored."""

    source_ref: str
    revision: int = 0
    document: StoredDocument
