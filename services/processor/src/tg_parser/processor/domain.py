"""When is a post knowledge, and what does a document say about it? Pure decisions only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from tg_parser.contracts.documents import (
    IMPORTED_PIPELINE,
    DateMention,
    Entity,
    ImportedDocument,
    KeyPoint,
    MessageProcessed,
    MessageSkipped,
    ProcessedDocument,
    ProcessingMetadata,
    SkipReason,
    Usage,
)
from tg_parser.contracts.ids import deterministic_id, document_id, source_ref
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import TelegramMessage
from tg_parser.llm.extraction import Extraction
from tg_parser.llm.model_settings import EXTRACTIVE
from tg_parser.llm.port import StructuredResult
from tg_parser.llm.text_clean import text_clean
from tg_parser.processor.evidence import found_in
from tg_parser.rendering.plain import own_words, plain
from tg_parser.rendering.rich_links import addresses_of, hashtags_of
from tg_parser.rendering.utf16 import pieces

PIPELINE_VERSION = "processing:v4.0.0"


@dataclass(frozen=True)
class Pipeline:
    """How documents are made: two messages with equal pipelines and contents get equal documents."""

    provider: str
    model: str
    prompt_id: str
    prompt_name: str
    parameters: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """The digest by which an unchanged message is recognised as done."""
        settings = [f"{name}={self.parameters[name]}" for name in sorted(self.parameters)]
        return deterministic_id(PIPELINE_VERSION, self.provider, self.model, self.prompt_id, *settings)


def skip_reason(job: ProcessMessage, pipeline_key: str) -> SkipReason | None:
    """Why the message needs no document, or None if it does. `pipeline_key` empty: no model will be asked."""
    if job.message.kind == "service":
        return "service"
    if not document_text(job.message).strip():
        return "empty"
    return "unchanged" if _is_done(job.known_pipeline_key, pipeline_key) else None


def _is_done(known: str, wanted: str) -> bool:
    """Whether a document of this very content stands. One that was paid for earlier does, whoever is chosen now."""
    return bool(known) and (not wanted or known in {wanted, IMPORTED_PIPELINE})


def inherited(job: ProcessMessage) -> ImportedDocument | None:
    """What an earlier TG_parser understood of these very words."""
    document = job.imported
    return document if document and document.text_hash == job.message.text_hash() else None


def skipped(job: ProcessMessage, reason: SkipReason, pipeline_key: str) -> MessageSkipped:
    """The fact that it needs none."""
    return MessageSkipped(
        channel_id=job.message.channel_id,
        source_ref=job.message.source_ref,
        revision=job.revision,
        reason=reason,
        pipeline_key=pipeline_key,
        content_hash=job.content_hash,
    )


def erased(job: ProcessMessage) -> MessageSkipped:
    """The fact that nothing is to be known of it any more, not even the digest of its content."""
    return MessageSkipped(
        channel_id=job.message.channel_id, source_ref=job.message.source_ref, revision=job.revision, reason="erased"
    )


def document_text(message: TelegramMessage) -> str:
    """The words to understand. An album's item is asked about for its own words alone: its file is shown with the album."""
    return plain(message) if message.grouped_id is None else own_words(message)


def words(job: ProcessMessage) -> str:
    """The text a model is shown and a document keeps: without what no reader sees, and without the channel's footer."""
    return text_clean(document_text(job.message), job.channel_title)


def hints(job: ProcessMessage) -> dict[str, Any]:
    """What is known about the post besides its text. No date: a repost of the same text is the same question."""
    return {"channel_title": job.channel_title, **hints_for_a_model(job)}


def hints_for_a_model(job: ProcessMessage) -> dict[str, Any]:
    """The same without the channel: a repost elsewhere is the same question as well, and paid for once."""
    return {
        "media": sorted({media.kind for media in job.message.media}),
        "kind": job.message.kind,
    }


def processed(
    job: ProcessMessage, pipeline: Pipeline, result: StructuredResult, *, at: datetime, attempt: int
) -> MessageProcessed:
    """The fact of the document that the model's answer makes."""
    document = document_of(job, pipeline, Extraction.model_validate(result.output), result, at)
    return MessageProcessed(
        channel_id=job.message.channel_id,
        source_ref=job.message.source_ref,
        revision=job.revision,
        document=document,
        pipeline_key=pipeline.key,
        usage=Usage.model_validate(result.usage.model_dump()),
        cost_micros=result.cost_micros or 0,
        latency_ms=round(result.latency_ms),
        attempt=attempt,
        cache_hit=result.cached,
    )


Quoting = TypeVar("Quoting", KeyPoint, Entity, DateMention)


@dataclass(slots=True)
class Evidence:
    """What may be said of a post: whatever quotes one of `texts`, which are the post as sent and as a reader sees it."""

    texts: tuple[str, ...]
    dropped: int = 0

    def kept(self, items: Iterable[Quoting]) -> tuple[Quoting, ...]:
        """Those of `items` that quote the post, with its own words as their quotes; the others are counted."""
        return tuple(checked for item in items if (checked := self._checked(item)) is not None)

    def _checked(self, item: Quoting) -> Quoting | None:
        quote = item.quote or ""
        own = next((own for text in self.texts if (own := found_in(quote, text)) is not None), None)
        if own is None:
            self.dropped += 1
            return None
        return item if own == item.quote else item.model_copy(update={"quote": own})


def document_of(
    job: ProcessMessage, pipeline: Pipeline, extraction: Extraction, result: StructuredResult, at: datetime
) -> ProcessedDocument:
    """The document. A key point, entity or date whose quote is not in the post is left out and counted."""
    evidence = Evidence((document_text(job.message), extraction.text_clean or words(job)))
    points = evidence.kept(KeyPoint(text=point.text, quote=point.quote) for point in extraction.key_points)
    entities = evidence.kept(
        Entity(type=found.type, value=found.value, confidence=found.confidence, quote=found.quote)
        for found in extraction.entities
    )
    dates = evidence.kept(DateMention(value=found.value, quote=found.quote) for found in extraction.dates)
    return ProcessedDocument(
        **_of_the_message(job),
        processed_at=at,
        text_clean=extraction.text_clean or words(job),
        title=extraction.title,
        summary=extraction.summary,
        key_points=points,
        topics=extraction.topics,
        entities=entities,
        dates=dates,
        language=extraction.language,
        kind=extraction.kind,
        is_ad=extraction.is_ad,
        metadata=ProcessingMetadata(
            pipeline_version=PIPELINE_VERSION,
            model_id=result.model,
            prompt_id=pipeline.prompt_id,
            prompt_name=pipeline.prompt_name,
            method="extractive" if result.provider in EXTRACTIVE else "llm",
            provider=result.provider,
            parameters=dict(pipeline.parameters),
            evidence_dropped=evidence.dropped,
        ),
    )


def taken_over(job: ProcessMessage, found: ImportedDocument, attempt: int) -> MessageProcessed:
    """The fact of a document that was paid for long ago: it costs nothing now, and says who made it, how and when."""
    document = ProcessedDocument(
        **_of_the_message(job),
        processed_at=found.processed_at,
        text_clean=found.text_clean,
        summary=found.summary,
        topics=found.topics,
        entities=found.entities,
        language=found.language,
        metadata=ProcessingMetadata(
            pipeline_version=found.pipeline_version,
            model_id=found.model_id,
            prompt_id=found.prompt_id,
            prompt_name=found.prompt_name,
            method="llm",
            provider=IMPORTED_PIPELINE,
            parameters=found.parameters,
        ),
    )
    return MessageProcessed(
        channel_id=job.message.channel_id,
        source_ref=job.message.source_ref,
        revision=job.revision,
        document=document,
        pipeline_key=IMPORTED_PIPELINE,
        attempt=attempt,
        cache_hit=True,
    )


def _of_the_message(job: ProcessMessage) -> dict[str, Any]:
    """What a document says of its message, whoever understood it."""
    message = job.message
    return {
        "id": document_id(message.source_ref),
        "source_ref": message.source_ref,
        "source_message_id": str(message.message_id),
        "channel_id": message.channel_id,
        "published_at": message.date,
        "content_hash": job.content_hash,
        "hashtags": _hashtags(message),
        "urls": urls(message),
        "forwarded_from": _origin(message),
        "reply_to": _answered(message),
    }


def urls(message: TelegramMessage) -> tuple[str, ...]:
    """Every address the post links to, each once: of the text, of a rich message, of the buttons."""
    covered = zip(message.entities, pieces(message.text, message.entities), strict=True)
    found = [entity.url or text for entity, text in covered if entity.type in LINKS]
    found += addresses_of(message.rich)
    found += [button.url for button in message.buttons if button.url]
    return tuple(dict.fromkeys(url for url in found if url))


LINKS = {"link", "text_link", "url"}


def _hashtags(message: TelegramMessage) -> tuple[str, ...]:
    tags = [entity for entity in message.entities if entity.type == "hashtag"]
    written = pieces(message.text, tags) if tags else []
    return tuple(dict.fromkeys((*written, *hashtags_of(message.rich))))


def _origin(message: TelegramMessage) -> str | None:
    origin = message.forwarded_from
    if origin is None:
        return None
    if origin.channel_id and origin.message_id:
        return source_ref(origin.channel_id, "post", origin.message_id)
    return origin.name


def _answered(message: TelegramMessage) -> str | None:
    if message.reply_to_message_id is None:
        return None
    return source_ref(message.channel_id, message.message_type, message.reply_to_message_id)
