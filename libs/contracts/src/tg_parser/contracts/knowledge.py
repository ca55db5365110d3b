"""What the exporter tells and writes: knowledge-base entries, and the manifest of an export."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.model import Contract, Fact, Timestamp
from tg_parser.contracts.topics import TopicBundle, TopicCard


class EntrySource(Contract):
    """What an entry was made of: one message or one topic."""

    type: Literal["telegram_message", "topic"]
    channel_id: str | None = None
    message_id: str | None = None
    message_type: MessageType | None = None
    source_ref: str | None = None
    topic_id: str | None = None


class KnowledgeBaseEntry(Contract):
    """One entry of the knowledge base. TG_parser v3's fields; `created_at` is the message's own date."""

    id: str
    source: EntrySource
    created_at: Timestamp
    title: str
    content: str
    topics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vector: tuple[float, ...] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class ResolvedSource(Contract):
    """A message of a topic with the link a reader can follow."""

    source_ref: str
    channel_id: str
    message_id: str
    message_type: MessageType
    role: Literal["anchor", "supporting"]
    score: float | None = None
    justification: str | None = None
    telegram_url: str | None = None
    published_at: Timestamp | None = None
    title: str | None = None


class TopicExport(Contract):
    """The file `topic_<id>.json`."""

    topic_card: TopicCard
    topic_bundle: TopicBundle
    resolved_sources: tuple[ResolvedSource, ...]
    exported_at: Timestamp
    export_version: str


class Artifact(Contract):
    """A file of an export, relative to its folder."""

    name: str
    sha256: str
    bytes: int
    rows: int


class ChannelCoverage(Contract):
    """What the export knows of one channel."""

    channel_id: str
    title: str
    messages: int
    processed: int
    skipped: dict[str, int]
    failed: int
    first_message_at: Timestamp | None = None
    last_message_at: Timestamp | None = None


class RejectedEntry(Contract):
    """Input that could not be read, as the manifest lists it."""

    workflow_id: str
    position: int
    channel_id: str | None = None
    message_id: int | None = None
    reason: str


class Manifest(Contract):
    """The file `manifest.json`: what was written, from which position of the log, and what is missing."""

    export_version: str
    log_position: int = Field(description="stream sequence of TG_EVT up to which facts are in this export")
    as_of: Timestamp | None = Field(description="date of the newest message in it")
    counts: dict[str, int]
    files: tuple[Artifact, ...]
    schema_versions: dict[str, int]
    channels: tuple[ChannelCoverage, ...]
    rejected: tuple[RejectedEntry, ...]


class ExportCompleted(Fact):
    """Files were written and are complete. `location` is the folder the workflow asked for."""

    TYPE: ClassVar[str] = "tg.export.completed"

    location: str
    log_position: int
    artifacts: tuple[Artifact, ...]


class ExportRefused(Fact):
    """An export could not be written, for a reason a person can mend."""

    TYPE: ClassVar[str] = "tg.export.refused"

    reason: str
