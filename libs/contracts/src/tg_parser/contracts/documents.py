"""What the processor tells: what was understood of a message. And what an earlier TG_parser had understood and paid for."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from tg_parser.contracts.model import Contract, Fact, Timestamp

SkipReason = Literal["service", "empty", "unchanged", "duplicate", "cancelled", "refused", "erased", "not_asked"]
"""`not_asked`: nobody understood it yet, and the workflow asks no model."""
DocumentKind = Literal["news", "announcement", "ad", "poll", "discussion", "service", "media", "other"]


class Entity(Contract):
    """Something a text names. `confidence` None: the method knows none. `quote` is verbatim in the post."""

    type: str
    value: str
    confidence: float | None = Field(default=None, ge=0, le=1)
    quote: str | None = None


class KeyPoint(Contract):
    """One statement of a post with the words of the post that show it."""

    text: str
    quote: str


class DateMention(Contract):
    """A day a post speaks of: in ISO 8601 as far as it is named (`2026-03-01`, `2026-03`, `2026`; `--03-01` without a year)."""

    value: str
    quote: str


class ProcessingMetadata(Contract):
    """How a document came to be: enough to do it again."""

    pipeline_version: str
    model_id: str
    prompt_id: str
    prompt_name: str
    method: Literal["extractive", "llm"]
    provider: str
    parameters: dict[str, Any] = Field(default_factory=dict[str, Any])
    evidence_dropped: int = Field(
        default=0, description="items whose quote was not in the post, and which were left out"
    )


class ProcessedDocument(Contract):
    """What was understood of one message. The first ten fields are TG_parser v3's; the others are new.

    `processed_at` is when the answer was made, not when the message was posted: that is `published_at`.
    """

    id: str
    source_ref: str
    source_message_id: str
    channel_id: str
    processed_at: Timestamp
    text_clean: str
    summary: str | None = None
    topics: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    language: str | None = None
    metadata: ProcessingMetadata
    content_hash: str
    title: str | None = None
    key_points: tuple[KeyPoint, ...] = ()
    kind: DocumentKind = "other"
    is_ad: bool = False
    published_at: Timestamp
    hashtags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    forwarded_from: str | None = None
    reply_to: str | None = Field(default=None, description="source_ref of the message it answers")
    dates: tuple[DateMention, ...] = ()


IMPORTED_PIPELINE: Final = "v3-import"
"""The pipeline key, and the provider, of documents that an earlier TG_parser paid for. They stand whatever model is chosen."""


class ImportedDocument(Contract):
    """What TG_parser v2 or v3 understood of a message, under its names, and how it came to it.

    `text_hash` is the message's (see `TelegramMessage.text_hash`): of other words the document says nothing.
    """

    text_hash: str = Field(max_length=64)
    processed_at: Timestamp
    text_clean: str = Field(min_length=1, max_length=65_536)
    summary: str | None = Field(default=None, max_length=16_384)
    topics: tuple[str, ...] = Field(default=(), max_length=200)
    entities: tuple[Entity, ...] = Field(default=(), max_length=500)
    language: str | None = Field(default=None, max_length=64)
    pipeline_version: str = Field(default="unknown", max_length=256)
    model_id: str = Field(default="unknown", max_length=256)
    prompt_id: str = Field(default="unknown", max_length=256)
    prompt_name: str = Field(default="unknown", max_length=256)
    parameters: dict[str, Any] = Field(default_factory=dict[str, Any])

    def digest(self) -> str:
        """sha256 of everything."""
        return hashlib.sha256(self.model_dump_json(exclude_none=True).encode("utf-8", "surrogatepass")).hexdigest()


class DocumentImported(Fact):
    """An earlier TG_parser's document of a message was found. The message's own fact follows, if it is news."""

    TYPE: ClassVar[str] = "tg.document.imported"
    PER_WORKFLOW: ClassVar[bool] = False

    channel_id: str
    source_ref: str
    document: ImportedDocument

    def about(self) -> tuple[str | int, ...]:
        """The message and all that was understood of it."""
        return (self.TYPE, self.source_ref, self.document.digest())


class Usage(Contract):
    """Tokens of one call. Cached input is counted apart from fresh input, whatever the provider means by its totals."""

    input_uncached: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


class _Outcome(Fact):
    """What became of one message in one workflow. All outcomes of it share one id: the log holds one of them."""

    channel_id: str
    source_ref: str
    revision: int = 0

    def about(self) -> tuple[str | int, ...]:
        """The message and its revision, whatever the outcome."""
        return ("tg.message.outcome", self.source_ref, self.revision)


class MessageProcessed(_Outcome):
    """A message was understood. `revision` is the message's: an edit is processed anew."""

    TYPE: ClassVar[str] = "tg.message.processed"

    document: ProcessedDocument
    pipeline_key: str = Field(description="digest of model, prompt and parameters: the same key need not be done again")
    usage: Usage = Usage()
    cost_micros: int = Field(default=0, description="millionths of a US dollar")
    latency_ms: int = 0
    attempt: int = 1
    cache_hit: bool = False


class MessageSkipped(_Outcome):
    """A message needs no document, for a reason that is expected."""

    TYPE: ClassVar[str] = "tg.message.skipped"

    reason: SkipReason
    pipeline_key: str = ""
    content_hash: str = ""


class MessageFailed(_Outcome):
    """A message could not be processed and was dead-lettered. It can be redriven."""

    TYPE: ClassVar[str] = "tg.message.failed"

    error_class: str
    detail: str = Field(max_length=2000)
    attempts: int


class ProcessingPaused(Fact):
    """A workflow's messages cannot be processed until a person does something. None is lost: each is tried again."""

    TYPE: ClassVar[str] = "tg.processing.paused"

    reason: Literal["budget", "model"] = Field(
        description="`budget`: more may not be spent; `model`: a key, a name or a setting is wrong"
    )
    detail: str = Field(max_length=2000, description="a sentence for a person")
    at: Timestamp

    def about(self) -> tuple[str | int, ...]:
        """The reason and the moment: a workflow may be paused more than once."""
        return (self.TYPE, self.reason, self.at.isoformat())
