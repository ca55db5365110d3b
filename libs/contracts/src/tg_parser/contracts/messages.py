"""What the ingestor tells: messages as Telegram showed them, and how far a source has been read."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, Literal

from pydantic import Field

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.ids import source_ref as make_source_ref
from tg_parser.contracts.model import Contract, Fact, Timestamp

MessageKind = Literal[
    "text", "photo", "video", "animation", "round", "voice", "audio", "sticker", "file", "poll", "location", "contact",
    "service", "unsupported", "other",
]  # fmt: skip
SourceKind = Literal["mtproto_live", "mtproto_history", "takeout", "td_json", "td_html", "web_preview", "v3_database"]


class TextEntity(Contract):
    """A styled range of a text. `offset` and `length` count UTF-16 code units, as Telegram does (core.telegram.org/api/entities)."""

    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    url: str | None = None
    language: str | None = None
    user_id: str | None = None
    document_id: str | None = None
    collapsed: bool | None = None


class Media(Contract):
    """What hangs on a message besides its text. Only metadata: bytes are not fetched."""

    kind: str
    state: Literal["available", "not_exported", "unavailable"] = "available"
    path: str | None = Field(default=None, description="relative path inside an export, never absolute")
    file_name: str | None = None
    mime_type: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: int | None = None
    title: str | None = None
    performer: str | None = None


class PollAnswer(Contract):
    """One option of a poll and its votes so far."""

    text: str
    voters: int = 0


class Poll(Contract):
    """A poll as it stood when it was read."""

    question: str
    answers: tuple[PollAnswer, ...] = ()
    closed: bool = False
    total_voters: int = 0


class ForwardOrigin(Contract):
    """Where a forwarded message comes from. A Desktop export knows the name only."""

    name: str | None = None
    channel_id: str | None = None
    message_id: int | None = None
    date: Timestamp | None = None


class SourceSpec(Contract):
    """A place to read messages from.

    `location` is what the source's kind needs: for `td_json` an absolute path of a `result.json`.
    `fingerprint` is the sha256 of a file's bytes, so that the same file is recognised wherever it lies.
    """

    kind: SourceKind
    location: str = Field(max_length=4096)
    fingerprint: str = Field(default="", max_length=128)


class RawTelegramMessage(Contract):
    """TG_parser v3's raw message, kept as downstream tools load it."""

    id: str
    message_type: MessageType
    source_ref: str
    channel_id: str
    date: Timestamp
    text: str
    parent_message_id: str | None = None
    thread_id: str | None = None
    language: str | None = None
    raw_payload: dict[str, Any] | None = None


class TelegramMessage(Contract):
    """A message of a channel, as one source showed it: an observation, not the truth about it."""

    channel_id: str
    message_id: int
    message_type: MessageType = "post"
    kind: MessageKind = "text"
    date: Timestamp
    edited_at: Timestamp | None = None
    text: str = ""
    entities: tuple[TextEntity, ...] = ()
    media: tuple[Media, ...] = ()
    poll: Poll | None = None
    author: str | None = None
    reply_to_message_id: int | None = None
    thread_id: int | None = None
    forwarded_from: ForwardOrigin | None = None
    grouped_id: str | None = Field(default=None, description="64-bit album id as a string; None if unknown")
    reactions: dict[str, int] | None = None
    action: str | None = Field(default=None, description="service messages: Telegram's name of the action")
    action_detail: dict[str, Any] | None = None

    @property
    def source_ref(self) -> str:
        """`tg:<channel>:<post|comment>:<message>`."""
        return make_source_ref(self.channel_id, self.message_type, self.message_id)

    def content_hash(self) -> str:
        """sha256 of what makes the content: no counters, no dates. An edit is a change of it, never of `edited_at` alone."""
        content = self.model_dump(
            mode="json",
            include={"kind", "text", "entities", "media", "forwarded_from", "action", "action_detail"},
            exclude={
                "media": {"__all__": {"path", "state", "size_bytes"}}
            },  # they tell of the export, not of the message
            exclude_none=True,
        )
        if self.poll is not None:
            content["poll"] = [self.poll.question, *(answer.text for answer in self.poll.answers)]
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class _MessageObserved(Fact):
    """What the facts about one message share."""

    STARTS_TRACE: ClassVar[bool] = True

    message: TelegramMessage
    content_hash: str
    source_kind: SourceKind
    parser_version: str = ""

    @property
    def channel_id(self) -> str:
        """The channel the message belongs to: the subject's last token."""
        return self.message.channel_id

    @property
    def source_ref(self) -> str:
        """The message's name."""
        return self.message.source_ref


class MessageIngested(_MessageObserved):
    """A message was seen for the first time. v1 was TG_parser v3's flat raw message; see `upcasts`."""

    TYPE: ClassVar[str] = "tg.message.ingested"
    VERSION: ClassVar[int] = 2
    PER_WORKFLOW: ClassVar[bool] = False

    def about(self) -> tuple[str | int, ...]:
        """The message and its content."""
        return (self.TYPE, self.source_ref, self.content_hash)


class MessageEdited(_MessageObserved):
    """A known message was seen with another content. `revision` counts from 1 for the first edit."""

    TYPE: ClassVar[str] = "tg.message.edited"

    PER_WORKFLOW: ClassVar[bool] = False

    revision: int = Field(ge=1)
    previous_hash: str

    def about(self) -> tuple[str | int, ...]:
        """The message, which edit it is, and its content."""
        return (self.TYPE, self.source_ref, self.revision, self.content_hash)


class MessageDeleted(Fact):
    """A message is gone from its channel. The text stays until a policy erases it."""

    TYPE: ClassVar[str] = "tg.message.deleted"

    channel_id: str
    source_ref: str
    confidence: Literal["certain", "absent"] = "certain"

    def about(self) -> tuple[str | int, ...]:
        """The message."""
        return (self.TYPE, self.source_ref)


class ChannelObserved(Fact):
    """A channel as a source showed it. `username` None means unknown, not absent."""

    TYPE: ClassVar[str] = "tg.channel.observed"

    channel_id: str
    title: str
    channel_type: str
    username: str | None = None
    source_kind: SourceKind

    def about(self) -> tuple[str | int, ...]:
        """The channel and how it presented itself."""
        return (self.TYPE, self.channel_id, self.title, self.channel_type, self.username or "")


class RejectedInput(Contract):
    """Something in a source that could not be read as a message, with a sentence that says why."""

    position: int = Field(description="index of the message inside its chat, from 0")
    channel_id: str | None = None
    message_id: int | None = None
    reason: str = Field(max_length=500)


class KnownMessage(Contract):
    """A message of the source that was already in the log, unchanged: the fact about it has the stream sequence `seq`."""

    source_ref: str
    content_hash: str
    seq: int


class IngestPageCommitted(Fact):
    """A page of a source is safe in the log: every message of it has its fact.

    `cumulative` counts the distinct messages of this workflow up to and with this page; `cursor` is where the next page begins.
    """

    TYPE: ClassVar[str] = "tg.ingest.pagecommitted"

    page: int = Field(ge=0)
    cursor: int = Field(ge=0, description="messages of the source consumed so far, good or bad")
    ingested: int = 0
    edited: int = 0
    cumulative: int = 0
    known: tuple[KnownMessage, ...] = ()
    rejected: tuple[RejectedInput, ...] = ()

    def about(self) -> tuple[str | int, ...]:
        """The page."""
        return (self.TYPE, self.page)


class IngestCompleted(Fact):
    """A source has been read to its end. `expected` is the exact number of distinct messages this workflow has to settle."""

    TYPE: ClassVar[str] = "tg.ingest.completed"

    expected: int = Field(ge=0)
    pages: int = Field(ge=0)
    ingested: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    truncated: str | None = Field(default=None, description="a sentence, if the source ended in the middle")
    channel_ids: tuple[str, ...] = ()


class IngestRefused(Fact):
    """A source could not be read at all: not an export, gone, or not allowed. A refusal, not a fault: it is not retried."""

    TYPE: ClassVar[str] = "tg.ingest.refused"

    reason: str = Field(description="a sentence that names the file and what is wrong with it")
