"""What the topicizer needs from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import Assignment


class Memory(Protocol):
    """What the log has told so far, as rows."""

    async def assigned(self) -> Sequence[tuple[int, int, str, str]]:
        """Every assigned document in the order of the log: sequence, revision, document and assignment as JSON."""
        ...

    async def topics(self) -> Sequence[str]:
        """What was last told of every topic, and the last regroup, as facts in JSON with their wire types.

        Ended topics too: no id is given twice.
        """
        ...

    async def unassigned(self, after_seq: int, limit: int) -> Sequence[tuple[int, int, str]]:
        """Documents after a position, in the order of the log: sequence, revision, document as JSON."""
        ...


class Grouping(Protocol):
    """The grouping's state, wherever it is kept. Calls are answered one at a time, in order."""

    async def load(self, memory: Memory) -> int:
        """Forget everything and take over what the memory holds; the sequence of the last document assigned."""
        ...

    async def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        """Decide where each document belongs and remember it."""
        ...

    def regroup(self) -> AsyncGenerator[Sequence[Fact], None]:
        """The facts that bring the topics up to date, some at a time; TopicizationCompleted comes last, and alone."""
        ...
