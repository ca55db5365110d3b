"""What the ingestor tells: messages as Telegram showed them, and how far a source has been read."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any, ClassVar, Final, Literal

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


class Place(Contract):
    """A point on the map. `live`: it moves while it is shared, so that its coordinates are no content."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    title: str | None = None
    address: str | None = None
    live: bool = False


class Button(Contract):
    """A button under a message. In advertisements it is often the only link."""

    text: str
    url: str | None = None


class LinkPreview(Contract):
    """What Telegram showed of a page the message links to. It is no part of the text."""

    url: str
    site_name: str | None = None
    title: str | None = None
    description: str | None = None


class MessageMetrics(Contract):
    """Counters of a message as one source showed them; None means unknown, not zero.

    `exact` is False where a source rounds (`4.02K`): such a sample never replaces an exact one of the same moment.
    """

    views: int | None = Field(default=None, ge=0)
    forwards: int | None = Field(default=None, ge=0)
    replies: int | None = Field(default=None, ge=0)
    reactions: dict[str, int] | None = None
    exact: bool = True


RefusalCause = Literal[
    "unreadable", "not_allowed", "unsupported", "not_found", "private", "banned", "needs_login", "no_preview",
    "identity_changed", "parked",
]  # fmt: skip
"""Why a source cannot be read: what a person has to do something about."""


class SourceSpec(Contract):
    """A place to read messages from, and how much of it.

    `location` is what the source's kind needs: for exports an absolute path (`td_json`: of a `result.json`; `td_html`: of
    the folder or its first page; `v3_database`: of the folder with the databases), for channels a user name, a bare id or an
    invite link. `fingerprint` is the sha256 of a file's bytes, so that the same file is recognised wherever it lies.
    """

    kind: SourceKind
    location: str = Field(max_length=4096)
    fingerprint: str = Field(default="", max_length=128)
    source_id: str = Field(default="", max_length=64, description="the registered source this is a reading of, if any")
    channel_id: str | None = Field(default=None, max_length=64, description="the channel, where the source names none")
    channel_ids: dict[str, str] = Field(
        default_factory=dict[str, str],
        max_length=1000,
        description="bare ids of channels by the names a source has for them; `v3_database` knows some by user name alone",
    )
    group_ids: dict[str, str] = Field(
        default_factory=dict[str, str],
        max_length=1000,
        description="bare ids of the groups that hold the comments on these channels' posts, where the source does not tell",
    )
    account: str = Field(default="", max_length=64, description="which Telegram account reads; empty: the only one")
    mode: Literal["snapshot", "incremental"] = Field(
        default="snapshot", description="everything; or what is not covered yet, and recent posts again for their edits"
    )
    include_comments: bool = False
    limit: int | None = Field(default=None, ge=1, description="most messages to read, the newest ones")
    since: Timestamp | None = Field(default=None, description="no messages from before")
    until: Timestamp | None = Field(default=None, description="no messages from this moment on")


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


CONTENT: Final = {
    "kind", "text", "entities", "media", "forwarded_from", "action", "action_detail", "place", "contact_name", "buttons", "rich",
}  # fmt: skip
"""What makes a message's content: a change of it is an edit."""
OPTIONAL_CONTENT: Final = ("place", "contact_name", "buttons", "rich")


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
    author: str | None = Field(default=None, description="name shown as the writer; a channel's post: its signature")
    sender_id: str | None = Field(default=None, description="peer it was sent as: digits, chat<digits> or user<digits>")
    via_bot: str | None = Field(default=None, description="user name of the bot it was made with, without @")
    reply_to_message_id: int | None = None
    reply_to_channel_id: str | None = Field(default=None, description="where the answered message is, if elsewhere")
    quote: str | None = Field(default=None, description="the part of the answered message that was quoted")
    thread_id: int | None = Field(default=None, description="forum topic, or root of a discussion, in the same chat")
    root_ref: str | None = Field(default=None, description="source_ref of the channel's post a comment belongs to")
    group_unknown: bool | None = Field(
        default=None, description="a comment whose group is not known: it is named under the channel it was made in"
    )
    forwarded_from: ForwardOrigin | None = None
    grouped_id: str | None = Field(default=None, description="64-bit album id as a string; None if unknown")
    grouped_inferred: bool = Field(default=False, description="the album was guessed: the source shows no album ids")
    reactions: dict[str, int] | None = None
    place: Place | None = None
    contact_name: str | None = Field(default=None, description="name on a shared contact; its number is not kept")
    buttons: tuple[Button, ...] = ()
    link_preview: LinkPreview | None = None
    rich: tuple[dict[str, Any], ...] = Field(
        default=(), description="blocks of a rich message as Telegram's schema names them (`_`: constructor)"
    )
    rich_truncated: bool | None = Field(default=None, description="True: only the beginning of `rich` is known")
    pinned: bool = False
    protected: bool = Field(default=False, description="its channel or sender forbids forwarding and saving")
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
            include=CONTENT,
            exclude={
                "media": {"__all__": {"path", "state", "size_bytes"}}
            },  # they tell of the export, not of the message
            exclude_none=True,
        )
        for absent in [name for name in OPTIONAL_CONTENT if not content.get(name)]:
            content.pop(absent, None)  # what sources learn to show later must not change older hashes
        if self.place is not None and self.place.live:
            content.pop("place")  # it moves all the time
        if self.poll is not None:
            content["poll"] = [self.poll.question, *(answer.text for answer in self.poll.answers)]
        return _sha256(content)

    def text_hash(self) -> str:
        """sha256 of what every source shows alike: its words, and nothing of their style. It tells one version from another."""
        words = unicodedata.normalize("NFC", self.text).split()
        poll = [self.poll.question, *(answer.text for answer in self.poll.answers)] if self.poll else []
        return _sha256([words, poll, self.rich if not words else [], self.action or ""])

    def digest(self) -> str:
        """sha256 of everything."""
        return _sha256(self.model_dump(mode="json", exclude_none=True))


def _sha256(value: Any) -> str:
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class Observation(Contract):
    """A message as one source showed it; `as_of`: when this was certainly its text."""

    message: TelegramMessage
    source_kind: SourceKind
    as_of: Timestamp


class _MessageObserved(Fact):
    """What the facts about one message share."""

    STARTS_TRACE: ClassVar[bool] = True

    message: TelegramMessage
    content_hash: str
    source_kind: SourceKind
    parser_version: str = ""
    observations: tuple[Observation, ...] = Field(
        default=(), description="what was merged into `message`, if it was more than one observation"
    )
    as_of: Timestamp | None = Field(
        default=None,
        description="when this was certainly its text, if that is neither its own date nor that of the fact",
    )

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


class MessageEnriched(_MessageObserved):
    """Another source knew more of a message than was known, with the same text: no edit, and nothing to process again."""

    TYPE: ClassVar[str] = "tg.message.enriched"

    PER_WORKFLOW: ClassVar[bool] = False

    revision: int = Field(default=0, ge=0)

    def about(self) -> tuple[str | int, ...]:
        """The message, its revision, and everything now known of it."""
        return (self.TYPE, self.source_ref, self.revision, self.message.digest())


class MessageDeleted(Fact):
    """A message is gone from its channel. Its text stays in the log, and out of topics and exports."""

    TYPE: ClassVar[str] = "tg.message.deleted"

    channel_id: str
    source_ref: str
    confidence: Literal["certain", "absent"] = "certain"

    def about(self) -> tuple[str | int, ...]:
        """The message."""
        return (self.TYPE, self.source_ref)


class MessageRestored(Fact):
    """A message that was told to be gone is there again, unchanged."""

    TYPE: ClassVar[str] = "tg.message.restored"

    channel_id: str
    source_ref: str

    def about(self) -> tuple[str | int, ...]:
        """The message."""
        return (self.TYPE, self.source_ref)


class CountedIn(Contract):
    """A workflow that counted on an outcome of a message."""

    workflow_id: str
    generation: int = 0


class MessageErased(Fact):
    """A message's text was taken out of the log, and has to go from everything made of it. Nothing brings it back.

    `counted_in`: the workflows whose erased facts had told of it, so that their numbers still add up.
    """

    TYPE: ClassVar[str] = "tg.message.erased"

    channel_id: str
    source_ref: str
    counted_in: tuple[CountedIn, ...] = ()

    def about(self) -> tuple[str | int, ...]:
        """The message."""
        return (self.TYPE, self.source_ref)


class MessageMetricsObserved(Fact):
    """A message's counters at one moment: a sample, never an edit."""

    TYPE: ClassVar[str] = "tg.message.metricsobserved"

    channel_id: str
    source_ref: str
    metrics: MessageMetrics
    source_kind: SourceKind
    sample: int = Field(ge=0, description="which of the moments after a post at which counters are kept, from 0")

    def about(self) -> tuple[str | int, ...]:
        """The message and the moment."""
        return (self.TYPE, self.source_ref, self.sample)


class ChannelObserved(Fact):
    """A channel as a source showed it. None means unknown, not absent."""

    TYPE: ClassVar[str] = "tg.channel.observed"

    channel_id: str
    title: str
    channel_type: str
    username: str | None = None
    predecessor_id: str | None = Field(default=None, description="the basic group that became this supergroup")
    discussion_id: str | None = Field(default=None, description="the group that holds the comments on its posts")
    protected: bool | None = Field(default=None, description="its owner forbids forwarding and saving")
    source_kind: SourceKind

    def about(self) -> tuple[str | int, ...]:
        """The channel and how it presented itself."""
        relations = tuple(str(part) for part in (self.predecessor_id, self.discussion_id, self.protected) if part)
        return (self.TYPE, self.channel_id, self.title, self.channel_type, self.username or "", *relations)


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


class Covered(Contract):
    """The ids from `first` to `last` of a channel, both included, were read.

    `exhaustive`: the source shows every message that exists, so that one known within and not shown is gone.
    """

    channel_id: str
    first: int
    last: int
    exhaustive: bool = False


class IngestPageCommitted(Fact):
    """A page of a source is safe in the log: every message of it has its fact.

    `cumulative` counts the distinct messages of this workflow up to and with this page; `cursor` is where the next page begins.
    """

    TYPE: ClassVar[str] = "tg.ingest.pagecommitted"

    page: int = Field(ge=0)
    cursor: int = Field(ge=0, description="messages of the source consumed so far, good or bad")
    resume: str = Field(default="", max_length=4096, description="the source's own mark of where the next page begins")
    ingested: int = 0
    edited: int = 0
    cumulative: int = 0
    known: tuple[KnownMessage, ...] = ()
    rejected: tuple[RejectedInput, ...] = ()
    covered: tuple[Covered, ...] = ()
    originals: str = Field(default="", description="name of the object that holds the page's messages as they were")

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

    reason: str = Field(description="a sentence that names the source and what is wrong with it")
    cause: RefusalCause = "unreadable"
