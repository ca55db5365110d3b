"""What the topicizer needs from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import Assignment


@dataclass(frozen=True, slots=True)
class Change:
    """A message went or came back, at `seq`. `row`: of one that came back, what `assigned` says of it; None if nothing."""

    seq: int
    source_ref: str
    gone: bool
    row: tuple[int, int, str, str] | None


@dataclass(frozen=True, slots=True)
class ErasureOpen:
    """A request to erase messages that has no answer yet."""

    erasure_id: str
    part: int
    channel_id: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stale:
    """What was told of messages that are to be erased: facts of assignments and of topics, and the topics concerned."""

    assigned: tuple[int, ...]
    cards: tuple[int, ...]
    topics: tuple[str, ...]
    neighbours: tuple[str, ...]


class Memory(Protocol):
    """What the log has told so far, as rows. Of erased messages nothing is left in them."""

    async def assigned(self) -> Sequence[tuple[int, int, str, str]]:
        """Every assigned document in the order of the log: sequence, revision, document and assignment as JSON.

        Without those of messages that are gone.
        """
        ...

    async def topics(self) -> Sequence[str]:
        """What was last told of every topic, and the last regroup, as facts in JSON with their wire types.

        Ended topics too: no id is given twice.
        """
        ...

    async def imported(self) -> Sequence[str]:
        """Topics of an earlier TG_parser whose ids lead nowhere yet, as facts in JSON with their wire types."""
        ...

    async def unassigned(self, after_seq: int, limit: int) -> Sequence[tuple[int, int, str]]:
        """Documents after a position, in the order of the log: sequence, revision, document as JSON."""
        ...

    async def last_change(self) -> int:
        """Where the newest change of any message's presence is in the log; 0 if there is none."""
        ...

    async def changes(self, after_seq: int, limit: int) -> Sequence[Change]:
        """Whose presence changed after a position, in the order of the log, as it is now."""
        ...

    async def gone(self, refs: Collection[str]) -> Sequence[str]:
        """Which of these messages are gone."""
        ...

    async def erasures(self) -> Sequence[ErasureOpen]:
        """Requests to erase without an answer, in the order of the log."""
        ...

    async def in_force(self, seqs: Collection[int]) -> Sequence[tuple[int, int, list[Assignment]]]:
        """Of facts of assignments: sequence, `input_seq`, and those assignments that no later fact has replaced."""
        ...


class Told(Protocol):
    """The topicizer's own facts, in the log."""

    async def stale(self, refs: Collection[str]) -> Stale:
        """Everything told up to now that may quote these messages. Raises TransientError."""
        ...


class Grouping(Protocol):
    """The grouping's state, wherever it is kept. Calls are answered one at a time, in order."""

    async def load(self, memory: Memory) -> int:
        """Forget everything and take over what the memory holds; the sequence of the last document assigned."""
        ...

    async def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        """Decide where each document belongs and remember it."""
        ...

    async def record(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        """Take over documents with their assignments, as `Memory.assigned` has them."""
        ...

    async def leave(self, refs: Sequence[str]) -> None:
        """Take documents out, as if they had never been in."""
        ...

    async def forget(self, refs: Sequence[str], topics: Sequence[str], neighbours: Sequence[str]) -> None:
        """Take documents out for good: the next regroup tells `topics` anew with new titles, and `neighbours` with theirs."""
        ...

    def regroup(self, imported: Sequence[str] = ()) -> AsyncGenerator[Sequence[Fact], None]:
        """The facts that bring the topics up to date, some at a time; TopicizationCompleted comes last, and alone.

        `imported`: topics of an earlier TG_parser, to be opened if documents of them are known.
        """
        ...
