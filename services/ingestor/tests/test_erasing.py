"""Erasing, with everything around it in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.erasure import MOST_REFS, ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.messages import CountedIn, MessageErased
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.erasing import Erase
from tg_parser.ingestor.ports import Holding

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFS = ("tg:1:post:1", "tg:1:post:2")
WORKFLOW = CountedIn(workflow_id="w", generation=1)


@dataclass
class World:
    """Every port of the handler. `happened`: what was done, in order."""

    held: dict[int, Holding] = field(default_factory=dict[int, Holding])
    topics: Sequence[int] | None = ()
    pages: int = 0
    known: Sequence[str] = ()
    dies_telling: bool = False
    happened: list[str] = field(default_factory=list[str])
    counted: set[tuple[str, str, int]] = field(default_factory=set[tuple[str, str, int]])
    told: list[Fact] = field(default_factory=list[Fact])

    async def close(self, channel_id: str) -> None:
        self.happened.append(f"close {channel_id}")

    async def messages_of(self, channel_id: str) -> Sequence[str]:
        return self.known

    async def note(self, counted: Collection[tuple[str, CountedIn]]) -> None:
        self.counted |= {(ref, workflow.workflow_id, workflow.generation) for ref, workflow in counted}

    async def noted(self, refs: Collection[str]) -> Sequence[tuple[str, CountedIn]]:
        return [
            (ref, CountedIn(workflow_id=workflow, generation=generation))
            for ref, workflow, generation in sorted(self.counted)
            if ref in refs
        ]

    async def stale(self, request: ErasureRequested, seq: int) -> Sequence[int] | None:
        return self.topics

    async def holding(self, channel_id: str, refs: Collection[str]) -> Sequence[Holding]:
        return [held for held in self.held.values() if held.source_ref in refs]

    async def erase(self, seqs: Collection[int]) -> int:
        there = [seq for seq in seqs if self.held.pop(seq, None)]
        self.happened += [f"erase {seq}" for seq in sorted(there)]
        return len(there)

    async def tell(self, fact: Fact) -> int:
        if self.dies_telling:
            raise TransientError("The worker died here.")
        self.told.append(fact)
        self.happened.append(f"tell {fact.TYPE}")
        return len(self.told)

    async def tell_all(self, facts: Sequence[Fact]) -> list[int]:
        return [await self.tell(fact) for fact in facts]


@dataclass
class Originals:
    world: World

    async def erase(self, refs: Collection[str]) -> int:
        pages, self.world.pages = self.world.pages, 0
        return pages


def handler(world: World, at: datetime = NOW) -> Erase:
    facts: FactWriter = world  # type: ignore[assignment] - it tells, and that is all that is needed
    return Erase(world, [world], Originals(world), world, facts, lambda: at, settle=10.0)


def entry(fact: Fact, seq: int = 50) -> Recorded:
    return Recorded(seq, "tg.evt", {"ce-type": fact.wire_type()}, encode(fact))


def asked(*refs: str, at: datetime = NOW - timedelta(hours=1)) -> Recorded:
    return entry(ErasureRequested(erasure_id="e", channel_id="1", source_refs=refs or REFS, at=at))


def erased(world: World) -> list[str]:
    return [fact.source_ref for fact in world.told if isinstance(fact, MessageErased)]


async def test_it_is_told_only_when_a_second_look_finds_nothing_any_more() -> None:
    world = World({7: Holding(7, REFS[0], WORKFLOW), 9: Holding(9, REFS[1])})
    with pytest.raises(Postponed):
        await handler(world)(asked())
    assert (world.happened, world.told) == (["close 1", "erase 7", "erase 9"], [])
    await handler(world)(asked())
    assert erased(world) == list(REFS)


async def test_what_is_new_is_not_believed_to_be_settled() -> None:
    world = World()
    with pytest.raises(Postponed):
        await handler(world)(asked(at=NOW - timedelta(seconds=9)))
    await handler(world, NOW + timedelta(seconds=1))(asked(at=NOW - timedelta(seconds=9)))
    assert erased(world) == list(REFS)


async def test_nothing_is_erased_before_the_topics_stand_without_it() -> None:
    world = World({7: Holding(7, REFS[0])}, topics=None)
    with pytest.raises(Postponed):
        await handler(world)(asked())
    assert world.held
    world.topics = [31]
    world.held[31] = Holding(31, "")
    with pytest.raises(Postponed):
        await handler(world)(asked())
    assert not world.held


async def test_a_page_of_originals_is_a_find_too() -> None:
    world = World(pages=1)
    with pytest.raises(Postponed):
        await handler(world)(asked())
    await handler(world)(asked())
    assert erased(world) == list(REFS)


async def test_a_worker_that_dies_before_it_tells_is_followed_by_one_that_knows_who_counted_on_it() -> None:
    world = World({7: Holding(7, REFS[0], WORKFLOW)}, dies_telling=True)
    with pytest.raises(Postponed):
        await handler(world)(asked())
    with pytest.raises(TransientError, match="died"):
        await handler(world)(asked())
    world.dies_telling = False
    await handler(world)(asked())
    assert [fact.counted_in for fact in world.told if isinstance(fact, MessageErased)] == [(WORKFLOW,), ()]


async def test_erasing_twice_is_harmless() -> None:
    world = World()
    await handler(world)(asked())
    await handler(world)(asked())
    assert erased(world) == [*REFS, *REFS]
    assert len({fact.identity("", 0) for fact in world.told}) == 2


async def test_a_channel_becomes_as_many_requests_as_it_takes_and_the_same_ones_every_time() -> None:
    world = World(known=[f"tg:1:post:{number}" for number in range(MOST_REFS + 1)])
    request = entry(ChannelErasureRequested(erasure_id="e", channel_id="1", at=NOW))
    await handler(world)(request)
    await handler(world)(request)
    first, second, *again = [fact for fact in world.told if isinstance(fact, ErasureRequested)]
    assert again == [first, second]
    assert [*first.source_refs, *second.source_refs] == world.known
    assert [(part.part, part.parts, part.erasure_id) for part in (first, second)] == [(0, 2, "e"), (1, 2, "e")]


async def test_a_channel_nothing_is_known_of_is_erased_at_once() -> None:
    world = World()
    await handler(world)(entry(ChannelErasureRequested(erasure_id="e", channel_id="1", at=NOW)))
    (told,) = world.told
    assert isinstance(told, ErasureRequested)
    assert (told.source_refs, told.parts) == ((), 1)
    await handler(world)(entry(told))
    assert erased(world) == []
