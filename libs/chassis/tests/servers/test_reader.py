from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.msg import Msg
from nats.js.api import ConsumerInfo

from tg_parser.chassis import reader as reader_module
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.reader import OrderedReader
from tg_parser.chassis.recorded import Recorded, delivery
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.messages import MessageIngested
from tg_parser.testkit.drills import Lossy, posts

INGESTED = [subjects.fact_filter(MessageIngested)]


async def take(batches: AsyncIterator[list[Recorded]], count: int) -> list[int]:
    """The sequences of the next `count` messages."""
    taken: list[int] = []
    async with asyncio.timeout(20):
        async for batch in batches:
            taken += [entry.seq for entry in batch]
            if len(taken) >= count:
                break
    return taken


async def test_a_reader_begins_after_its_position_and_sees_only_what_matches(chassis: Chassis) -> None:
    other = MessageSkipped(channel_id="1", source_ref="tg:1:post:9", reason="empty")
    await chassis.facts.tell_all([*posts(1, 5), other, *posts(6, 10)])
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED, after_seq=3) as reader:
        assert await take(reader.batches(100), 7) == [4, 5, 7, 8, 9, 10, 11]


async def test_several_kinds_of_facts_come_in_the_order_of_the_log(chassis: Chassis) -> None:
    other = MessageSkipped(channel_id="1", source_ref="tg:1:post:9", reason="empty")
    await chassis.facts.tell_all([*posts(1, 2), other, *posts(3, 4)])
    filters = [*INGESTED, subjects.fact_filter(MessageSkipped)]
    async with OrderedReader(chassis.nc, subjects.FACTS, filters) as reader:
        assert await take(reader.batches(2), 5) == [1, 2, 3, 4, 5]


async def readers(chassis: Chassis) -> list[ConsumerInfo]:
    """The consumers that are nobody's for ever."""
    found = await chassis.nc.jetstream().consumers_info(subjects.FACTS)
    return [consumer for consumer in found if not consumer.config.durable_name]


async def test_batches_are_bounded_and_so_is_what_is_held_in_hand(chassis: Chassis) -> None:
    await chassis.facts.tell_all(posts(1, 500))
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED, buffer=100) as reader:
        taken: list[int] = []
        async with asyncio.timeout(20):
            async for batch in reader.batches(30):
                assert len(batch) <= 30
                (consumer,) = await readers(chassis)
                assert consumer.delivered
                assert consumer.delivered.consumer_seq - len(taken) <= 100
                taken += [entry.seq for entry in batch]
                if len(taken) == 500:
                    break
    assert taken == list(range(1, 501))


async def test_a_batch_is_full_when_its_bodies_are_heavy(chassis: Chassis, monkeypatch: pytest.MonkeyPatch) -> None:
    await chassis.facts.tell_all(posts(1, 8))
    monkeypatch.setattr(reader_module, "HEAVIEST", 1)
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED) as reader:
        batches = reader.batches(100)
        assert [[entry.seq for entry in await anext(batches)] for _ in range(8)] == [[seq] for seq in range(1, 9)]


async def test_a_reader_survives_the_loss_of_its_consumer(chassis: Chassis) -> None:
    js = chassis.nc.jetstream()
    await chassis.facts.tell_all(posts(1, 10))
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED) as reader:
        batches = reader.batches(100)
        assert await take(batches, 10) == list(range(1, 11))
        for consumer in await readers(chassis):
            await js.delete_consumer(subjects.FACTS, consumer.name)
        await chassis.facts.tell_all(posts(11, 20))
        assert await take(batches, 10) == list(range(11, 21))
        assert reader.alive


async def test_a_message_lost_on_its_way_is_read_again_before_those_after_it(chassis: Chassis) -> None:
    lost: list[int] = []

    def loses(message: Msg) -> bool:
        if message.reply and delivery(message).stream_seq in {7, 30} - set(lost):
            lost.append(delivery(message).stream_seq)
            return True
        return False

    await chassis.facts.tell_all(posts(1, 50))
    async with OrderedReader(Lossy.client(chassis.nc, loses), subjects.FACTS, INGESTED) as reader:
        assert await take(reader.batches(100), 50) == list(range(1, 51))
    assert lost == [7, 30]


async def test_a_reader_leaves_no_consumer_behind(chassis: Chassis) -> None:
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED):
        assert len(await readers(chassis)) == 1
    assert await readers(chassis) == []


async def test_a_reader_that_is_ended_yields_nothing_more(chassis: Chassis) -> None:
    await chassis.facts.tell_all(posts(1, 10))
    async with OrderedReader(chassis.nc, subjects.FACTS, INGESTED) as reader:
        batches = reader.batches(4)
        assert await take(batches, 4) == [1, 2, 3, 4]
        reader.end()
        async with asyncio.timeout(5):
            assert [batch async for batch in batches] == []
