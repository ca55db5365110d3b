"""What a reading is made of: the items and pages of a source, and what the log holds of them. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tg_parser.contracts.documents import ImportedDocument
from tg_parser.contracts.messages import Covered, MessageMetrics, RejectedInput, SourceKind, TelegramMessage
from tg_parser.contracts.model import Fact


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A chat of a source, before its first message. None means unknown, not absent."""

    channel_id: str
    title: str
    channel_type: str
    username: str | None = None
    predecessor_id: str | None = None
    discussion_id: str | None = None
    protected: bool | None = None


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message of a source, with the digest of its content.

    `as_of`: when the source saw it like this, counters and all, where it says so of each message. `document`: what an earlier
    TG_parser understood of it, in a source that was one.
    """

    message: TelegramMessage
    content_hash: str
    metrics: MessageMetrics | None = None
    as_of: datetime | None = None
    document: ImportedDocument | None = None


@dataclass(frozen=True, slots=True)
class MessageGone:
    """A source says itself that a message was deleted."""

    source_ref: str


@dataclass(frozen=True, slots=True)
class FloodSeen:
    """Telegram asks for a pause of `seconds` before the next call of `method`; told before the pause is kept."""

    method: str
    seconds: int
    account: str = ""


@dataclass(frozen=True, slots=True)
class Inherited:
    """Something else that an earlier TG_parser knew: facts to be told unless they were, or something newer of this name was.

    `name`: of what it is, `source:<id>` or `topic:<id>`. `digest`: of all that is said of it; "" if anything ever told of that
    name makes it superfluous.
    """

    name: str
    digest: str
    facts: tuple[Fact, ...]


SourceItem = ChannelSeen | MessageSeen | MessageGone | FloodSeen | RejectedInput | Inherited


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """The end of a source: `truncated` says in a sentence why it is not the source's own end, if it is not."""

    channel_ids: tuple[str, ...]
    truncated: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a source in its order.

    `cursor` counts the messages consumed up to here, good or bad; `resume` is the source's own mark of where the next page
    begins, where a count is not enough. `covered`: between these ids the source has now shown all it has. `originals`: the
    page's messages as the source had them (see `originals.py`), so that a better parser is a replay. `as_of`: a moment the
    source cannot be older than, for example that of its newest message; None if it says nothing about that.
    """

    items: tuple[SourceItem, ...]
    cursor: int
    end: SourceEnd | None = None
    resume: str = ""
    covered: tuple[Covered, ...] = ()
    originals: bytes | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownState:
    """What the log holds of a message: its newest content, who told it, and whether it is still there.

    `kinds`: the kinds of sources its content was merged from. `sampled`: the newest of the moments at which its counters
    were kept, -1 if none. `erased`: it was taken out of the log for good and must not come back.
    """

    content_hash: str
    revision: int
    seq: int
    told_by: str
    kinds: frozenset[str] = frozenset()
    deleted: bool = False
    sampled: int = -1
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Heirloom:
    """What was last told of something inherited: the digest of it, and the reading that told it."""

    digest: str
    told_by: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One workflow's reading of one source. `name` is the same for every attempt of it; `began` is when this attempt began.

    `lists_known`: unchanged messages belong to the workflow too, so that it settles them; a look for what is new leaves them
    to the workflow that brought them.
    """

    name: str
    source_kind: SourceKind
    parser_version: str
    began: datetime
    lists_known: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading has come: what its committed pages add up to."""

    cursor: int = 0
    pages: int = 0
    ingested: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    finished: bool = False
    resume: str = ""

    @property
    def messages(self) -> int:
        """Distinct messages so far: each of them has to be settled by the workflow."""
        return self.ingested + self.edited + self.known
