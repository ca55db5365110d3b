"""Assigning documents as they come: decided in the order of the log, told as facts, remembered when the facts come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import structlog

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.topics import TopicsAssigned
from tg_parser.topicizer.ports import Grouping, Memory

log = structlog.get_logger(__name__)

BATCH = 500  # documents in one fact
RETRY = 1.0  # seconds
CATCH_UP = 600.0  # seconds a start may wait for the projection


class Assigner:
    """The only one who asks the grouping. What it was told and what the log holds are the same, or it starts over."""

    def __init__(self, grouping: Grouping, memory: Memory, projector: Projector, facts: FactWriter) -> None:
        self._grouping = grouping
        self._memory = memory
        self._projector = projector
        self._facts = facts
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._position: int | None = None

    async def heard(self, batch: Sequence[Recorded]) -> None:
        """Something was folded: there may be documents to assign."""
        del batch
        self._news.set()

    async def run(self) -> None:
        """Assign whatever comes, for ever; a supervised task."""
        while True:
            try:
                await self.assign_all()
            except TransientError as error:
                log.warning("Documents wait to be assigned.", action="assign_retry", error=str(error))
                await asyncio.sleep(RETRY)
            else:
                await self._news.wait()
                self._news.clear()

    async def assign_all(self) -> None:
        """Assign every document that is in the tables now. Raises TransientError if a server is away."""
        async with self._turn:
            await self._assign_all()

    async def regroup(self, facts: FactWriter) -> None:
        """Assign what is there, then tell how the topics stand; the last fact says that all of it was told."""
        async with self._turn:
            await self._assign_all()
            try:
                async with aclosing(self._grouping.regroup()) as told:
                    async for some in told:
                        await facts.tell_all(some)
            except BaseException:
                self._position = None  # the grouping believes what was perhaps not told: start over from the log
                raise

    async def _assign_all(self) -> None:
        if self._position is None:
            await self._projector.wait_until_current(timeout=CATCH_UP)
            self._position = await self._grouping.load(self._memory)
        while documents := await self._memory.unassigned(self._position, BATCH):
            await self._assign(documents)

    async def _assign(self, documents: Sequence[tuple[int, int, str]]) -> None:
        position = documents[-1][0]
        try:
            items = await self._grouping.assign(documents)
            await self._facts.tell(TopicsAssigned(items=tuple(items), input_seq=position))
        except BaseException:
            self._position = None
            raise
        self._position = position
