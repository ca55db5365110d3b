"""Erasing: a request in, texts out of every stream and out of the originals, and last of all the fact that says so.

Hears ErasureRequested, ChannelErasureRequested, TopicsRewritten · Tells MessageErased, and ErasureRequested for what a channel
holds. Every step may be repeated: whatever interrupts it, the same request is delivered again and what is left is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import Postponed
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.erasure import MOST_REFS, ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.messages import MessageErased
from tg_parser.ingestor.ports import ErasableOriginals, ErasureDesk, TextStream, TopicsAnswers

log = structlog.get_logger(__name__)

LOOK_AGAIN = 0.5  # seconds between two looks for the topicizer's answer


@dataclass(frozen=True, slots=True)
class Erase:
    """Does what a request asks for. `streams`: all that hold texts, the facts last, because jobs and dead letters become facts.

    `settle`: seconds in which whoever had a message in hand when it was asked for has told what it had to tell.
    """

    desk: ErasureDesk
    streams: Sequence[TextStream]
    originals: ErasableOriginals
    topics: TopicsAnswers
    facts: FactWriter
    clock: Clock
    settle: float

    async def __call__(self, entry: Recorded) -> None:
        """Raises Postponed until a look through everything finds nothing any more."""
        match entry.message:
            case ErasureRequested() as request if request.source_refs:
                await self._erase(request, entry.seq)
            case ChannelErasureRequested() as request:
                await self._name_messages(request)
            case _:
                return

    async def _erase(self, request: ErasureRequested, seq: int) -> None:
        await self.desk.close(request.channel_id)
        stale = await self.topics.stale(request, seq)
        if stale is None:
            raise Postponed("The topics do not stand without the messages yet.", retry_in=LOOK_AGAIN)
        found = await self._sweep(request.channel_id, frozenset(request.source_refs), stale)
        waited = (self.clock() - request.at).total_seconds()
        if found or waited < self.settle:
            raise Postponed(f"{found} texts were erased; there is a second look.", retry_in=self.settle)
        await self._tell(request)

    async def _sweep(self, channel_id: str, refs: frozenset[str], stale: Collection[int]) -> int:
        """Erase whatever holds a text of `refs`, and how many things that were."""
        found = 0
        for stream in self.streams:
            held = await stream.holding(channel_id, refs)
            await self.desk.note([(each.source_ref, each.counted_in) for each in held if each.counted_in])
            found += await stream.erase([each.seq for each in held])
        found += await self.streams[-1].erase(stale)
        found += await self.originals.erase(refs)
        if found:
            log.info("Texts were erased.", action="erased", channel=channel_id, messages=len(refs), places=found)
        return found

    async def _tell(self, request: ErasureRequested) -> None:
        counted = defaultdict(list)
        for ref, workflow in await self.desk.noted(request.source_refs):
            counted[ref].append(workflow)
        await self.facts.tell_all(
            [
                MessageErased(channel_id=request.channel_id, source_ref=ref, counted_in=tuple(counted[ref]))
                for ref in dict.fromkeys(request.source_refs)
            ]
        )

    async def _name_messages(self, request: ChannelErasureRequested) -> None:
        """All that is known of a channel, in as many requests as it takes. It does not become more: the channel is closed."""
        await self.desk.close(request.channel_id)
        refs = await self.desk.messages_of(request.channel_id)
        parts = [refs[first : first + MOST_REFS] for first in range(0, len(refs), MOST_REFS)] or [()]
        for part, some in enumerate(parts):
            await self.facts.tell(
                ErasureRequested(
                    erasure_id=request.erasure_id,
                    channel_id=request.channel_id,
                    source_refs=tuple(some),
                    part=part,
                    parts=len(parts),
                    at=request.at,
                    actor=request.actor,
                )
            )
