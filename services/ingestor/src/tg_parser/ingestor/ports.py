"""What the ingestor needs from outside, and what each of these promises."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tg_parser.contracts.erasure import ErasureRequested
from tg_parser.contracts.messages import CountedIn, Covered, RefusalCause, SourceSpec
from tg_parser.ingestor.domain import ChannelSeen, Heirloom, KnownState, Page, Progress
from tg_parser.ingestor.judging import Recorded


class SourceRefused(Exception):
    """A source cannot be read at all. The message is a sentence that names the source and what is wrong with it."""

    def __init__(self, sentence: str, cause: RefusalCause = "unreadable") -> None:
        super().__init__(sentence)
        self.cause: RefusalCause = cause


class SourceParked(Exception):
    """Telegram wants a pause too long to wait for inline: `method` must not be called again before `seconds` have passed."""

    def __init__(self, method: str, seconds: int, account: str = "") -> None:
        super().__init__(f"Telegram asks {account or 'us'} for a pause of {seconds} s before {method} is called again.")
        self.method, self.seconds, self.account = method, seconds, account


class CoverageOf(Protocol):
    """Which ids of a channel have been read, as disjoint `(first, last)` pairs in order, both ends included."""

    async def __call__(self, channel_id: str) -> Sequence[tuple[int, int]]:
        """What is covered, up to date once a page with the channel's `ChannelSeen` has been taken from the source."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reading begins: the `cursor` and `resume` of its last committed page, and what earlier readings covered."""

    coverage: CoverageOf
    cursor: int = 0
    resume: str = ""


class MessageSource(Protocol):
    """A place that holds messages.

    Promises:
        Order: messages come in the source's own order, each chat's `ChannelSeen` before its messages, on a page of its own or
            the same one; what comes before a chat's first `covered` names it.
        Determinism: a source at rest gives the same items after the same mark, whatever the page size and wherever one begins;
            a reading that begins in the middle of a chat repeats that chat's `ChannelSeen`.
        Distinctness: no two `MessageSeen` of one reading name the same message.
        Memory: bounded by the page size and by sixteen bytes for each message read, however long the source is.
        Time: reading never holds up the event loop, and pages are not read far ahead of the reader.
        Pauses: a pause Telegram asks for is told as `FloodSeen` in a page before it is kept; one too long raises SourceParked.
        End: exactly the last page has an `end`; a source that breaks off or is damaged ends there, told in `end.truncated`.
    """

    @property
    def parser_version(self) -> str:
        """Which rules turned the source into messages."""
        ...

    def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """The pages from `start` on, each of at most `page_size` messages. The caller closes the generator.

        Raises SourceRefused; SourceParked; TransientError if the reader dies or stops answering.
        """
        ...


class Knowledge(Protocol):
    """What the log holds, for as long as one reading takes. Raises TransientError while the tables are away."""

    async def progress(self, workflow_id: str, generation: int) -> Progress:
        """How far a workflow's reading has come."""
        ...

    async def claim(self, channel_id: str) -> None:
        """Keep a channel to this reading until it ends. When this returns, all that others told of the channel is known.

        Claiming it again does nothing. Raises TransientError if another reading has it and does not end.
        """
        ...

    async def messages(self, source_refs: Collection[str]) -> Mapping[str, KnownState]:
        """What is known of these messages; unknown ones are left out. Messages of channels not claimed may be out of date."""
        ...

    async def recorded(self, seqs: Mapping[str, int]) -> Mapping[str, Recorded]:
        """The facts about messages at these sequences of the log, by the messages' names. Erased ones are left out."""
        ...

    async def present(self, stretch: Covered) -> Collection[str]:
        """The names of the messages known in a stretch of a channel and not told to be gone."""
        ...

    async def channels(self, channel_ids: Collection[str]) -> Mapping[str, ChannelSeen]:
        """How these channels last presented themselves; unknown ones are left out."""
        ...

    async def heirlooms(self, names: Collection[str]) -> Mapping[str, Heirloom]:
        """What was told under these names of what an earlier TG_parser knew; unknown ones are left out."""
        ...

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        """Which ids of a channel have been read; see `CoverageOf`."""
        ...

    async def open_gaps(self, channel_id: str) -> Collection[tuple[int, int]]:
        """The gaps that were told of and not told to be filled."""
        ...


class OpenKnowledge(Protocol):
    """Opens the knowledge for one reading."""

    def __call__(self, workflow_id: str) -> AbstractAsyncContextManager[Knowledge]:
        """Wait until no other worker reads for this workflow and all that was told is known. Frees all claims at the end.

        Raises TransientError if that takes too long.
        """
        ...


class OriginalsStore(Protocol):
    """Keeps what sources showed, byte by byte, beside the facts made of it."""

    async def put(self, name: str, packed: bytes) -> None:
        """Store under `name`, in place of what was there. Stored when this returns. Raises TransientError."""
        ...


@dataclass(frozen=True, slots=True)
class Holding:
    """A message of a stream that holds a text of the message `source_ref`. `counted_in`: who counts on an outcome because of it."""

    seq: int
    source_ref: str
    counted_in: CountedIn | None = None


class TextStream(Protocol):
    """A stream whose messages hold texts of Telegram's. All raise TransientError while the server is away."""

    async def holding(self, channel_id: str, refs: Collection[str]) -> Sequence[Holding]:
        """What holds texts of the messages `refs`, all of one channel."""
        ...

    async def erase(self, seqs: Collection[int]) -> int:
        """Overwrite and delete these messages; how many of them were there. Those that are gone are none of our business."""
        ...


class ErasableOriginals(Protocol):
    """The originals, as far as erasing needs them."""

    async def erase(self, refs: Collection[str]) -> int:
        """Take these messages out of every page; how many pages held one. Raises TransientError."""
        ...


class TopicsAnswers(Protocol):
    """What the topicizer says to a request."""

    async def stale(self, request: ErasureRequested, seq: int) -> Sequence[int] | None:
        """Which of its facts must go; None until it has told anew what still holds. `seq`: where the request is in the log."""
        ...


class ErasureDesk(Protocol):
    """What erasing has to know and to remember. All raise TransientError while the tables are away."""

    async def close(self, channel_id: str) -> None:
        """Wait until no reading that began before the request holds the channel: those that follow know of it.

        Raises Postponed if one does not end soon.
        """
        ...

    async def messages_of(self, channel_id: str) -> Sequence[str]:
        """The names of all messages known of a channel, sorted by their bytes."""
        ...

    async def note(self, counted: Collection[tuple[str, CountedIn]]) -> None:
        """Remember which workflows count on which messages: their facts are about to go."""
        ...

    async def noted(self, refs: Collection[str]) -> Sequence[tuple[str, CountedIn]]:
        """What was noted of these messages, in a fixed order."""
        ...
