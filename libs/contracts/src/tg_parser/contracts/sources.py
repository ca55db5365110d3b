"""Registered sources: what is read again and again, and what stands in its way."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tg_parser.contracts.messages import RefusalCause, SourceKind, SourceSpec
from tg_parser.contracts.model import Fact, Timestamp

SOURCE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
"""A source's name is one token of a subject."""


class _SourceFact(Fact):
    """What the facts about one registered source share. Its name is the subject's last token."""

    source_id: str = Field(pattern=SOURCE_ID_PATTERN)

    def subject_key(self) -> str:
        """The source."""
        return self.source_id


class SourceAdded(_SourceFact):
    """Somebody registered a source, or changed it: the newest one of a name counts.

    `follow_every`: seconds between two looks for new posts; None: it is read only when somebody asks.
    """

    TYPE: ClassVar[str] = "tg.source.added"

    at: Timestamp
    actor: str = ""
    spec: SourceSpec
    channel_username: str = Field(default="", max_length=64)
    batch_size: int = Field(default=100, ge=1, le=1000)
    follow_every: int | None = Field(default=None, ge=10, le=30 * 86_400)

    def about(self) -> tuple[str | int, ...]:
        """The source and the moment."""
        return (self.TYPE, self.source_id, self.at.isoformat())


class SourcePaused(_SourceFact):
    """Somebody wants a source to be left alone."""

    TYPE: ClassVar[str] = "tg.source.paused"

    at: Timestamp
    actor: str = ""

    def about(self) -> tuple[str | int, ...]:
        """The source and the moment."""
        return (self.TYPE, self.source_id, self.at.isoformat())


class SourceResumed(_SourceFact):
    """Somebody wants a paused source to be read again."""

    TYPE: ClassVar[str] = "tg.source.resumed"

    at: Timestamp
    actor: str = ""

    def about(self) -> tuple[str | int, ...]:
        """The source and the moment."""
        return (self.TYPE, self.source_id, self.at.isoformat())


class SourceRemoved(_SourceFact):
    """Somebody wants a source to be forgotten. What was read from it stays."""

    TYPE: ClassVar[str] = "tg.source.removed"

    at: Timestamp
    actor: str = ""

    def about(self) -> tuple[str | int, ...]:
        """The source and the moment."""
        return (self.TYPE, self.source_id, self.at.isoformat())


class SourceRead(_SourceFact):
    """How the newest reading of a registered source went: what a person sees of its state.

    `state`: `ready` was read to its end; `parked` waits until `until` because Telegram asked for a pause; `refused` needs a
    person, whom `detail` tells in a sentence what is wrong.
    """

    TYPE: ClassVar[str] = "tg.source.read"

    at: Timestamp
    state: Literal["ready", "parked", "refused"]
    cause: RefusalCause | None = None
    detail: str = Field(default="", max_length=2000)
    until: Timestamp | None = None
    channel_ids: tuple[str, ...] = ()
    messages: int = 0

    def about(self) -> tuple[str | int, ...]:
        """The source and how it stands since when."""
        return (self.TYPE, self.source_id, self.state, self.at.isoformat())


class SourceRunStarted(_SourceFact):
    """A source is looked at: `workflow_id` reads it."""

    TYPE: ClassVar[str] = "tg.source.runstarted"

    at: Timestamp
    workflow_id: str
    because: Literal["added", "schedule", "hint", "request"]

    def about(self) -> tuple[str | int, ...]:
        """The workflow."""
        return (self.TYPE, self.source_id, self.workflow_id)


class SourceHinted(_SourceFact):
    """Telegram said that there is something new in a followed source: a reason to look at once, and nothing more."""

    TYPE: ClassVar[str] = "tg.source.hinted"

    at: Timestamp

    def about(self) -> tuple[str | int, ...]:
        """The source and the moment."""
        return (self.TYPE, self.source_id, self.at.isoformat())


class GapDetected(Fact):
    """Between two stretches that were read, the ids from `first` to `last` of a channel never were."""

    TYPE: ClassVar[str] = "tg.channel.gapdetected"

    channel_id: str
    first: int
    last: int

    def about(self) -> tuple[str | int, ...]:
        """The gap."""
        return (self.TYPE, self.channel_id, self.first, self.last)


class GapFilled(Fact):
    """A gap that was told of has been read."""

    TYPE: ClassVar[str] = "tg.channel.gapfilled"

    channel_id: str
    first: int
    last: int

    def about(self) -> tuple[str | int, ...]:
        """The gap."""
        return (self.TYPE, self.channel_id, self.first, self.last)


class DeletionsHeld(Fact):
    """So many messages of a stretch seem to be gone at once that it is more likely a fault: none of them was told to be."""

    TYPE: ClassVar[str] = "tg.channel.deletionsheld"

    channel_id: str
    first: int
    last: int
    missing: int

    def about(self) -> tuple[str | int, ...]:
        """The stretch."""
        return (self.TYPE, self.channel_id, self.first, self.last)


class FloodWaited(Fact):
    """Telegram asked for a pause of `seconds` before `method` is called again. `parked`: too long to wait with a job in hand."""

    TYPE: ClassVar[str] = "tg.account.floodwaited"

    account: str
    method: str
    seconds: int = Field(ge=0)
    at: Timestamp
    parked: bool = False
    source_kind: SourceKind

    def about(self) -> tuple[str | int, ...]:
        """The call and the moment."""
        return (self.TYPE, self.account, self.method, self.at.isoformat())


class AccountStateChanged(Fact):
    """How a Telegram account stands: `signed_in` and used, `needs_login` because Telegram has ended its session, or `banned`.

    `reason` tells a person in a sentence what has happened. Neither its number nor its session is in here.
    """

    TYPE: ClassVar[str] = "tg.account.statechanged"

    account: str = Field(max_length=64)
    state: Literal["signed_in", "needs_login", "banned"]
    reason: str = Field(default="", max_length=2000)
    at: Timestamp

    def about(self) -> tuple[str | int, ...]:
        """The account and the moment."""
        return (self.TYPE, self.account, self.state, self.at.isoformat())
