"""One owner per session, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from sqlalchemy import text

from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.chassis.settings import PostgresSettings
from tg_parser.ingestor.adapters.telethon.accounts.lease import SessionLeases, Terms, open_leases
from tg_parser.testkit.waiting import eventually

pytestmark = pytest.mark.servers

QUICK = Terms(every=0.05, within=2.0, valid=0.4)


@dataclass
class Machines:
    """Processes that want the same session, each with connections of its own."""

    settings: PostgresSettings
    stack: AsyncExitStack
    databases: dict[str, Database] = field(default_factory=dict[str, Database])

    async def process(self, name: str, terms: Terms = QUICK) -> SessionLeases:
        database = await self.stack.enter_async_context(open_database(name, self.settings))
        self.databases[name] = database
        return await self.stack.enter_async_context(open_leases(database, name, terms=terms))

    async def run(self, statement: str) -> list[tuple[object, ...]]:
        async with self.databases["migrations"].begin() as connection:
            result = await connection.execute(text(statement))
            return [tuple(row) for row in result.all()] if result.returns_rows else []

    async def cut(self, name: str) -> None:
        """End a process's connections, as a network or a restart does."""
        await self.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tg-parser/{name}'"
        )


@pytest_asyncio.fixture(loop_scope="session")
async def machines(postgres_settings: PostgresSettings) -> AsyncIterator[Machines]:
    async with AsyncExitStack() as stack:
        made = Machines(postgres_settings, stack)
        database = await stack.enter_async_context(open_database("migrations", postgres_settings))
        await database.migrate("tg_parser.ingestor.migrations", "ingestor")
        made.databases["migrations"] = database
        yield made


@asynccontextmanager
async def standing_still(leases: SessionLeases) -> AsyncIterator[None]:
    """A process that does not get to confirm anything."""
    async with leases._turn:  # pyright: ignore[reportPrivateUsage]
        yield


async def test_a_second_process_is_told_who_has_a_session_and_may_have_another(machines: Machines) -> None:
    first, second = await machines.process("first"), await machines.process("second")
    lease = await first.take("s1", "main")
    with pytest.raises(Postponed, match="The account main is in use by first") as refused:
        await second.take("s1", "main")
    assert refused.value.retry_in == 30
    assert lease.held
    assert (await second.take("s2", "other")).held


async def test_a_session_that_was_given_back_is_free_at_once_and_every_owner_has_a_number(machines: Machines) -> None:
    first, second = await machines.process("first"), await machines.process("second")
    lease = await first.take("s1", "main")
    await first.give_back(lease)
    assert not lease.held
    assert ((await second.take("s1", "main")).generation, lease.generation) == (2, 1)


async def test_a_process_does_not_have_a_session_twice(machines: Machines) -> None:
    first = await machines.process("first")
    lease = await first.take("s1", "main")
    with pytest.raises(Postponed, match="in use here already"):
        await first.take("s1", "main")
    await first.give_back(lease)
    await first.give_back(lease)
    assert (await first.take("s1", "main")).held


async def test_a_lease_is_confirmed_as_long_as_it_is_needed(machines: Machines) -> None:
    first = await machines.process("first")
    lease = await first.take("s1", "main")
    taken = lease.confirmed
    await eventually(lambda: lease.confirmed > taken + QUICK.valid)
    assert lease.held


async def test_an_owner_that_lost_its_connection_has_lost_its_sessions(machines: Machines) -> None:
    first = await machines.process("first")
    leases = [await first.take(name, name) for name in ("s1", "s2")]
    await machines.cut("first")
    await eventually(lambda: all(lease.lost.is_set() for lease in leases))
    assert not any(lease.held for lease in leases)


async def test_nobody_takes_over_from_a_silent_owner_before_that_one_has_stopped_for_certain(
    machines: Machines,
) -> None:
    first, second = await machines.process("first"), await machines.process("second")
    lease = await first.take("s1", "main")
    async with standing_still(first):
        await machines.cut("first")  # the lock is free, and the owner does not know it yet
        with pytest.raises(Postponed, match="was in use by first a moment ago") as refused:
            await eventually(lambda: second.take("s1", "main"))
        assert 0 < refused.value.retry_in <= QUICK.silence
        await machines.run("UPDATE ingestor.session_lease SET seen_at = seen_at - interval '3 seconds'")
        assert (await second.take("s1", "main")).generation == 2
        await eventually(lambda: not lease.held)  # without a word from anybody: its time is over


async def test_an_owner_finds_a_later_number_and_stops(machines: Machines) -> None:
    first = await machines.process("first")
    lease = await first.take("s1", "main")
    await machines.run("UPDATE ingestor.session_lease SET generation = generation + 1")  # a replica without our lock
    await eventually(lease.lost.is_set)
    assert not lease.held


async def test_an_owner_that_says_goodbye_late_takes_nothing_from_its_successor(machines: Machines) -> None:
    first, second = await machines.process("first"), await machines.process("second")
    lease = await first.take("s1", "main")
    await machines.run("UPDATE ingestor.session_lease SET seen_at = seen_at - interval '1 hour'")
    await machines.cut("first")
    await eventually(lease.lost.is_set)
    successor = await second.take("s1", "main")
    await first.give_back(lease)
    await second.confirm()
    assert successor.held
    assert await machines.run("SELECT holder, generation FROM ingestor.session_lease") == [("second", 2)]


async def test_everything_is_given_back_when_a_process_ends(machines: Machines) -> None:
    async with (
        open_database("brief", machines.settings) as database,
        open_leases(database, "brief", terms=QUICK) as leases,
    ):
        lease = await leases.take("s1", "main")
    assert not lease.held
    assert await machines.run("SELECT holder FROM ingestor.session_lease") == [("",)]
    assert (await (await machines.process("second")).take("s1", "main")).held


async def test_only_one_of_many_at_once_gets_a_session(machines: Machines) -> None:
    processes = [await machines.process(f"p{number}") for number in range(6)]
    outcomes = await asyncio.gather(*(one.take("s1", "main") for one in processes), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Lease", *["Postponed"] * 5]


async def test_without_postgres_nobody_gets_a_session(machines: Machines) -> None:
    nowhere = PostgresSettings.model_validate({"dsn": "postgresql://nobody@127.0.0.1:1/none"})
    async with open_database("lost", nowhere) as database, open_leases(database, "lost", terms=QUICK) as leases:
        with pytest.raises(TransientError, match="Postgres does not answer"):
            await leases.take("s1", "main")
