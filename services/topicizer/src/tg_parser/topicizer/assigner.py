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
from tg_parser.contracts.erasure import MOST_STALE, TopicsRewritten
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import TopicizationCompleted, TopicsAssigned
from tg_parser.topicizer.ports import ErasureOpen, Grouping, Memory, Stale, Told

log = structlog.get_logger(__name__)

BATCH = 500  # documents in one fact
RETRY = 1.0  # seconds
CATCH_UP = 600.0  # seconds a start may wait for the projection


class Assigner:
    """The only one who asks the grouping. What it was told and what the log holds are the same, or it starts over."""

    def __init__(self, grouping: Grouping, memory: Memory, projector: Projector, told: Told, facts: FactWriter) -> None:
        self._grouping = grouping
        self._memory = memory
        self._projector = projector
        self._told = told
        self._facts = facts
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._position: int | None = None
        self._changed = 0  # where the newest change of presence is that the grouping knows of

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
                async with aclosing(self._grouping.regroup(await self._memory.imported())) as told:
                    async for some in told:
                        await facts.tell_all(some)
            except BaseException:
                self._position = None  # the grouping believes what was perhaps not told: start over from the log
                raise

    async def _assign_all(self) -> None:
        if self._position is None:
            await self._projector.wait_until_current(timeout=CATCH_UP)
            self._changed = await self._memory.last_change()
            self._position = await self._grouping.load(self._memory)
        try:
            await self._follow_presence()
            while documents := await self._memory.unassigned(self._position, BATCH):
                await self._assign(documents)
                self._position = documents[-1][0]
            await self._rewrite()
        except BaseException:
            self._position = None
            raise

    async def _follow_presence(self) -> None:
        """Messages that went leave their stories, those that came back are where they were."""
        while changes := await self._memory.changes(self._changed, BATCH):
            await self._grouping.leave([change.source_ref for change in changes])
            await self._grouping.record([change.row for change in changes if change.row and not change.gone])
            self._changed = changes[-1].seq

    async def _assign(self, documents: Sequence[tuple[int, int, str]]) -> None:
        items = await self._grouping.assign(documents)
        await self._facts.tell(TopicsAssigned(items=tuple(items), input_seq=documents[-1][0]))
        if gone := await self._memory.gone([item.source_ref for item in items]):
            await self._grouping.leave(gone)

    async def _rewrite(self) -> None:
        """Answer the requests to erase: tell anew what still holds, then name what may go from the log.

        Raises TransientError. Whatever interrupts it, the requests stay open and are answered from the beginning.
        """
        if not await self._memory.erasures():
            return
        await self._projector.wait_until_current(timeout=CATCH_UP)
        requests = await self._memory.erasures()
        refs = sorted({ref for request in requests for ref in request.refs})
        stale = await self._told.stale(refs)
        for seq, input_seq, items in await self._memory.in_force(stale.assigned):
            await self._facts.tell(TopicsAssigned(items=tuple(items), input_seq=input_seq, replaces=seq))
        await self._grouping.forget(refs, stale.topics, stale.neighbours)
        if stale.cards:
            async with aclosing(self._grouping.regroup()) as told:
                async for some in told:
                    await self._facts.tell_all([fact for fact in some if not isinstance(fact, TopicizationCompleted)])
        await self._facts.tell_all([answer for request in requests for answer in answers(request, stale)])
        log.info("Topics stand without erased messages.", action="topics_rewritten", messages=len(refs))


def answers(request: ErasureOpen, stale: Stale) -> list[Fact]:
    """What is said to a request: the facts that may go, in as many facts as it takes."""
    seqs = sorted({*stale.assigned, *stale.cards})
    parts = [seqs[first : first + MOST_STALE] for first in range(0, len(seqs), MOST_STALE)] or [[]]
    return [
        TopicsRewritten(
            erasure_id=request.erasure_id,
            part=request.part,
            channel_id=request.channel_id,
            stale=tuple(part),
            number=number,
            last=number == len(parts) - 1,
        )
        for number, part in enumerate(parts)
    ]
