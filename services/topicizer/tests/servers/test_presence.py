"""Messages that go, come back and are erased, on a real broker and real tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.projector import Projector
from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.documents import MessageProcessed, ProcessedDocument, ProcessingMetadata
from tg_parser.contracts.erasure import ErasureRequested, TopicsRewritten
from tg_parser.contracts.messages import MessageDeleted, MessageRestored
from tg_parser.contracts.model import Fact
from tg_parser.contracts.subjects import FACTS, fact_filter
from tg_parser.contracts.topics import Assignment, TopicOpened, TopicsAssigned, TopicUpdated
from tg_parser.topicizer.adapters.memory import StoredMemory
from tg_parser.topicizer.adapters.told import ToldInLog
from tg_parser.topicizer.assigner import Assigner
from tg_parser.topicizer.grouping import LocalGrouping
from tg_parser.topicizer.ports import Memory
from tg_parser.topicizer.projection import TopicsProjection

pytestmark = pytest.mark.servers

BRIDGE = [
    "Divers inspected the piers of the Old Bridge and found a crack under the water",
    "The crack in the Old Bridge piers was filmed by divers, repair will take a month",
    "Old Bridge: divers strengthen the piers, the crack is closed with concrete",
]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def ref(number: int) -> str:
    return f"tg:1:post:{number}"


def processed(number: int, words: str) -> MessageProcessed:
    document = ProcessedDocument(
        id=f"doc:{ref(number)}",
        source_ref=ref(number),
        source_message_id=str(number),
        channel_id="1",
        processed_at=START,
        text_clean=words,
        title=words[:60],
        summary=words,
        metadata=ProcessingMetadata(
            pipeline_version="1", model_id="m", prompt_id="p", prompt_name="p", method="extractive", provider="local"
        ),
        content_hash=str(number),
        published_at=START + timedelta(hours=number),
    )
    return MessageProcessed(channel_id="1", source_ref=ref(number), document=document, pipeline_key="k")


@dataclass
class InProcess:
    """The grouping in this process, behind the port."""

    local: LocalGrouping = field(default_factory=LocalGrouping)

    async def load(self, memory: Memory) -> int:
        self.local.reset()
        self.local.record(await memory.assigned())
        return self.local.take_topics(await memory.topics())

    async def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        return self.local.assign(documents)

    async def record(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        self.local.record(rows)

    async def leave(self, refs: Sequence[str]) -> None:
        self.local.leave(refs)

    async def forget(self, refs: Sequence[str], topics: Sequence[str], neighbours: Sequence[str]) -> None:
        self.local.forget(refs, topics, neighbours)

    async def regroup(self, imported: Sequence[str] = ()) -> AsyncGenerator[list[Fact], None]:
        self.local.begin_regroup(imported)
        while chunk := self.local.next_told():
            facts = [decode_body(*told) for told in chunk]
            yield [fact for fact in facts if isinstance(fact, Fact)]


@dataclass
class Dying(InProcess):
    """Is gone after the assignments were told anew, and before the topics are."""

    async def regroup(self, imported: Sequence[str] = ()) -> AsyncGenerator[list[Fact], None]:
        raise TransientError("The process died here.")
        yield []


@dataclass
class Bench:
    """The topicizer without its queue."""

    chassis: Chassis
    projector: Projector
    assigner: Assigner

    async def tell(self, *facts: Fact) -> list[int]:
        told = await self.chassis.facts.tell_all(facts)
        await self.projector.wait_until_current(timeout=20)
        return told

    async def regroup(self) -> None:
        await self.assigner.regroup(self.chassis.facts)
        await self.projector.wait_until_current(timeout=20)

    async def told(self, *kinds: type[Fact]) -> list[tuple[int, Any]]:
        found = [
            (entry.seq, entry.message)
            for kind in kinds
            async for page in self.chassis.log.pages(FACTS, fact_filter(kind))
            for entry in page
        ]
        return sorted(found, key=lambda entry: entry[0])

    async def sources(self) -> tuple[str, ...]:
        """The members of the one topic, as last told."""
        return tuple((await self.told(TopicOpened, TopicUpdated))[-1][1].card.sources)


def assigner_on(chassis: Chassis, projector: Projector) -> Assigner:
    return Assigner(
        InProcess(), StoredMemory(chassis.require_database()), projector, ToldInLog(chassis.log), chassis.facts
    )


@asynccontextmanager
async def projecting(projector: Projector) -> AsyncIterator[None]:
    running = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(chassis: Chassis) -> AsyncIterator[Bench]:
    await chassis.require_database().migrate("tg_parser.topicizer.migrations", "topicizer")
    projector = Projector(TopicsProjection(), chassis)
    async with projecting(projector):
        found = Bench(chassis, projector, assigner_on(chassis, projector))
        await found.tell(*(processed(number, words) for number, words in enumerate(BRIDGE, 1)))
        await found.regroup()
        assert await found.sources() == (ref(1), ref(2), ref(3))
        yield found


async def test_a_deleted_message_leaves_its_topic_and_is_back_in_it_when_it_is_restored(bench: Bench) -> None:
    await bench.tell(MessageDeleted(channel_id="1", source_ref=ref(2)))
    await bench.regroup()
    assert await bench.sources() == (ref(1), ref(3))
    await bench.tell(MessageRestored(channel_id="1", source_ref=ref(2)))
    await bench.regroup()
    assert await bench.sources() == (ref(1), ref(2), ref(3))


async def test_a_process_that_starts_later_knows_who_is_gone(bench: Bench) -> None:
    await bench.tell(MessageDeleted(channel_id="1", source_ref=ref(2)))
    bench.assigner = assigner_on(bench.chassis, bench.projector)
    await bench.regroup()
    assert await bench.sources() == (ref(1), ref(3))


async def test_a_message_that_is_processed_while_it_is_gone_belongs_to_no_topic(bench: Bench) -> None:
    gone = MessageDeleted(channel_id="1", source_ref=ref(4))
    await bench.tell(gone, processed(4, f"{BRIDGE[0]} and {BRIDGE[1]}"))
    await bench.regroup()
    assert await bench.sources() == (ref(1), ref(2), ref(3))


async def erase(bench: Bench, *refs: str) -> TopicsRewritten:
    request = ErasureRequested(erasure_id="e", channel_id="1", source_refs=refs, at=START)
    await bench.tell(request)
    await bench.assigner.assign_all()
    await bench.projector.wait_until_current(timeout=20)
    (answer,) = [fact for _, fact in await bench.told(TopicsRewritten)]
    return answer


async def test_before_it_answers_what_still_holds_stands_anew_in_the_log(bench: Bench) -> None:
    old = await bench.told(TopicsAssigned, TopicOpened, TopicUpdated)
    answer = await erase(bench, ref(2))
    assert answer.stale == tuple(seq for seq, _ in old)
    new = [fact for seq, fact in await bench.told(TopicsAssigned) if seq > old[-1][0]]
    assert [(fact.replaces, [item.source_ref for item in fact.items]) for fact in new] == [
        (old[0][0], [ref(1), ref(3)])
    ]
    assert await bench.sources() == (ref(1), ref(3))


async def test_the_same_topics_come_out_of_a_log_without_the_stale_facts(bench: Bench) -> None:
    answer = await erase(bench, ref(2))
    (before,) = {fact.topic_id for _, fact in await bench.told(TopicOpened, TopicUpdated)}
    for seq in answer.stale:
        await bench.chassis.nc.jetstream().delete_msg(FACTS, seq)
    await bench.projector.rebuild()
    await bench.projector.wait_until_current(timeout=20)
    bench.assigner = assigner_on(bench.chassis, bench.projector)
    await bench.tell(processed(4, f"{BRIDGE[0]} and {BRIDGE[2]}"), processed(2, BRIDGE[1]))
    await bench.regroup()
    assert await bench.sources() == (ref(1), ref(3), ref(4))
    assert {fact.topic_id for _, fact in await bench.told(TopicOpened, TopicUpdated)} == {before}


async def test_a_process_that_dies_before_it_answers_is_followed_by_one_that_does(bench: Bench) -> None:
    await bench.tell(ErasureRequested(erasure_id="e", channel_id="1", source_refs=(ref(2),), at=START))
    chassis = bench.chassis
    memory = StoredMemory(chassis.require_database())
    dying = Assigner(Dying(), memory, bench.projector, ToldInLog(chassis.log), chassis.facts)
    with pytest.raises(TransientError, match="died"):
        await dying.assign_all()
    assert await bench.told(TopicsRewritten) == []
    bench.assigner = assigner_on(bench.chassis, bench.projector)
    await bench.assigner.assign_all()
    assert len(await bench.told(TopicsRewritten)) == 1
    await bench.projector.wait_until_current(timeout=20)
    await bench.assigner.assign_all()
    assert len(await bench.told(TopicsRewritten)) == 1
