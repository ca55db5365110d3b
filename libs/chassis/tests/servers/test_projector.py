from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.envelope import Envelope
from tg_parser.testkit.drills import Seen, make_tables, post, posts, projecting, seen
from tg_parser.testkit.waiting import eventually

UNRELATED = MessageSkipped(channel_id="1", source_ref="tg:1:post:9", reason="empty")
FACT = "tg.evt.message.ingested.v2.c1"


@pytest_asyncio.fixture(loop_scope="session")
async def tables(chassis: Chassis) -> AsyncIterator[Chassis]:
    """The chassis, with tables."""
    await make_tables(chassis)
    yield chassis


async def tell_raw(chassis: Chassis, body: bytes, **headers: str) -> int:
    envelope = Envelope(id=str(body[:40]), type="tg.message.ingested.v2", source="test", time=chassis.clock())
    return (await chassis.publisher.publish(FACT, body, envelope.headers() | headers)).seq


def left_out() -> float:
    return REGISTRY.get_sample_value("tg_projection_left_out_total", {"projection": Seen.name}) or 0.0


class DiesInside(Seen):
    """Fails after its rows were written and before they are committed, as a killed process does."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.attempts = 0

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        await super().apply(connection, batch)
        self.attempts += 1
        if self.attempts <= self.times:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


class Broken(Seen):
    """Its statement makes no sense to Postgres, whatever the facts are."""

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        await connection.execute(text("UPDATE drill.seen SET nothing = 1"))


async def test_a_projection_that_never_gets_on_is_not_ready(tables: Chassis) -> None:
    async with projecting(Projector(Broken(), tables)) as projector:
        await eventually(lambda: projector.alive)
        await tables.facts.tell_all(posts(1, 3))
        await eventually(lambda: projector.stumbled)
        assert not projector.alive
    assert await seen(tables) == []


async def test_facts_are_folded_in_order_each_once_and_many_more_than_fit_in_hand(tables: Chassis) -> None:
    begun = time.monotonic()
    async with projecting(Projector(Seen(), tables)) as projector:
        await tables.facts.tell_all(posts(1, 6000))
        assert await projector.wait_until_current(timeout=30) == 6000
    assert await seen(tables) == list(range(1, 6001))
    assert time.monotonic() - begun < 15


async def test_a_projector_goes_on_where_the_last_one_ended(tables: Chassis) -> None:
    for last in (10, 20):
        await tables.facts.tell_all(posts(last - 9, last))
        async with projecting(Projector(Seen(), tables)) as projector:
            await projector.wait_for(last, timeout=10)
    assert await seen(tables) == list(range(1, 21))


async def test_rows_and_position_are_committed_together_or_not_at_all(tables: Chassis) -> None:
    projection = DiesInside(times=2)
    await tables.facts.tell_all(posts(1, 10))
    async with projecting(Projector(projection, tables)) as projector:
        await projector.wait_for(10, timeout=10)
    assert projection.attempts >= 3
    assert await seen(tables) == list(range(1, 11))


async def test_a_projector_cancelled_anywhere_loses_and_doubles_nothing(tables: Chassis) -> None:
    await tables.facts.tell_all(posts(1, 600))
    for _ in range(5):
        async with projecting(Projector(Seen(), tables, batch_size=20)) as projector:
            before = projector.position
            await eventually(lambda before=before, projector=projector: projector.position > before)
    async with projecting(Projector(Seen(), tables)) as projector:
        await projector.wait_for(600, timeout=10)
    assert await seen(tables) == list(range(1, 601))


async def test_two_projectors_of_one_name_fold_each_fact_once_and_in_order(tables: Chassis) -> None:
    async with (
        projecting(Projector(Seen(), tables, batch_size=50)) as one,
        projecting(Projector(Seen(), tables, batch_size=50)) as other,
    ):
        await tables.facts.tell_all(posts(1, 1000))
        await asyncio.gather(one.wait_for(1000, timeout=20), other.wait_for(1000, timeout=20))
    assert await seen(tables) == list(range(1, 1001))


async def test_a_rebuild_while_everything_runs_gives_the_same_rows_though_nothing_new_is_told(tables: Chassis) -> None:
    await tables.facts.tell_all(posts(1, 300))
    async with projecting(Projector(Seen(), tables, batch_size=50)) as projector:
        await projector.wait_for(300, timeout=10)
        await projector.rebuild()
        assert projector.position == 0
        await projector.wait_for(300, timeout=10)
        assert await seen(tables) == list(range(1, 301))


async def test_a_rebuild_in_the_middle_of_folding_gives_the_same_rows(tables: Chassis) -> None:
    async with projecting(Projector(Seen(), tables, batch_size=10)) as projector:
        telling = asyncio.create_task(tables.facts.tell_all(posts(1, 1000)))
        for after in (50, 200):
            await eventually(lambda after=after: projector.position > after)
            await projector.rebuild()
        await telling
        await projector.wait_for(1000, timeout=20)
    assert await seen(tables) == list(range(1, 1001))


async def test_a_projection_without_tables_cannot_be_rebuilt(tables: Chassis) -> None:
    class Homeless(Seen):
        tables = ()

    with pytest.raises(PermanentError, match="owns no tables"):
        await Projector(Homeless(), tables).rebuild()


async def test_facts_that_cannot_be_folded_are_left_out_and_counted_and_all_others_are_there(tables: Chassis) -> None:
    before = left_out()
    await tables.facts.tell_all(posts(1, 20))
    poison = {
        await tell_raw(tables, b"\xff not json"),
        await tell_raw(tables, b"{}"),
        await tell_raw(tables, b'{"v": 9}', **{"ce-type": "tg.message.ingested.v99"}),
        await tell_raw(tables, b'{"old": 1}', **{"ce-type": "tg.message.ingested.v1"}),
        await tables.facts.tell(post(99, content="a NUL \x00 that Postgres cannot store")),
    }
    await tables.facts.tell_all(posts(21, 40))
    async with projecting(Projector(Seen(), tables)) as projector:
        assert await projector.wait_until_current(timeout=10) == 45
    assert await seen(tables) == [seq for seq in range(1, 46) if seq not in poison]
    assert left_out() - before == 5


async def test_a_fact_with_a_strange_date_does_not_end_the_projector(tables: Chassis) -> None:
    await tables.publisher.publish(
        FACT,
        post(1).model_dump_json().encode(),
        {"ce-id": "1", "ce-type": "tg.message.ingested.v2", "ce-source": "x", "ce-time": "yesterday"},
    )
    async with projecting(Projector(Seen(), tables)) as projector:
        await projector.wait_for(1, timeout=10)
        await tables.facts.tell(post(2))
        await projector.wait_for(2, timeout=10)
    assert await seen(tables) == [1, 2]


async def test_waiting_ends_when_only_facts_of_no_concern_are_left(tables: Chassis) -> None:
    async with projecting(Projector(Seen(), tables)) as projector:
        await tables.facts.tell_all([post(1), UNRELATED])
        assert await projector.wait_for(2, timeout=10) == 1


async def test_waiting_for_what_is_not_folded_in_time_is_a_transient_error(tables: Chassis) -> None:
    idle = Projector(Seen(), tables)
    await tables.facts.tell(UNRELATED)
    assert await idle.wait_until_current(timeout=5) == 0
    await tables.facts.tell(post(1))
    with pytest.raises(TransientError, match=r"drill\.seen has not reached position 2"):
        await idle.wait_until_current(timeout=0.1)


async def test_waiting_never_ends_before_the_rows_are_there(tables: Chassis) -> None:
    async with projecting(Projector(Seen(), tables)) as projector:
        for number in range(1, 31):
            seq = await tables.facts.tell(post(number))
            await projector.wait_for(seq, timeout=10)
            assert len(await seen(tables)) == number


async def test_whoever_listens_hears_of_each_batch_after_its_commit(tables: Chassis) -> None:
    heard: list[int] = []

    async def committed(batch: Sequence[Recorded]) -> None:
        assert set(await seen(tables)) >= {entry.seq for entry in batch}
        heard.extend(entry.seq for entry in batch)

    await tables.facts.tell_all(posts(1, 30))
    async with projecting(Projector(Seen(), tables, batch_size=10, committed=committed)) as projector:
        await projector.wait_for(30, timeout=10)
        await eventually(lambda: heard == list(range(1, 31)))


async def test_a_projector_waits_for_a_stream_that_is_not_there_yet(tables: Chassis) -> None:
    class Looking:
        """Counts how often reading was begun."""

        name, tables = Seen.name, Seen.tables
        begun = 0

        @property
        def filters(self) -> tuple[str, ...]:
            self.begun += 1
            return Seen.filters

        async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
            await Seen().apply(connection, batch)

    js = tables.nc.jetstream()
    await js.delete_stream(subjects.FACTS)
    looking = Looking()
    async with projecting(Projector(looking, tables)) as projector:
        await eventually(lambda: looking.begun > 1)
        assert not projector.alive
        await js.add_stream(name=subjects.FACTS, subjects=[subjects.FACT_SUBJECTS])
        await eventually(lambda: projector.alive)
        await projector.wait_for(await tables.facts.tell(post(1)), timeout=10)
