"""Servers that go away and come back while a service holds on to them: nothing is lost, doubled, or burnt in waiting."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.control import ControlFlags
from tg_parser.chassis.embedded import Endpoints, embedded_servers
from tg_parser.chassis.errors import PublishFailed
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.service import Service
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import Seen, jobs_left, make_tables, post, posts, process_job, projecting, running, seen
from tg_parser.testkit.drills import submit as submit_jobs
from tg_parser.testkit.outages import Gate, StoppableNats
from tg_parser.testkit.waiting import eventually

BUSY = 0.5  # of one core; a service that waits for its servers must stay far below


@contextmanager
def not_busy() -> Iterator[None]:
    """The block costs less than half of a core for as long as it takes."""
    cpu, wall = time.process_time(), time.monotonic()
    yield
    spent, took = time.process_time() - cpu, time.monotonic() - wall
    assert spent < BUSY * took, f"{spent:.2f} s of CPU in {took:.2f} s"


@pytest_asyncio.fixture(loop_scope="session")
async def exposed(stoppable_nats: StoppableNats, postgres_settings: PostgresSettings) -> AsyncIterator[Chassis]:
    """A chassis on a nats-server that may be killed."""
    settings = NatsSettings(url=SecretStr(stoppable_nats.url))
    async with open_chassis(
        "exposed", nats=settings, postgres=postgres_settings, telemetry=TelemetrySettings()
    ) as opened:
        await make_tables(opened)
        yield opened


async def test_a_killed_broker_that_comes_back_is_used_again_and_nothing_confirmed_is_lost(
    exposed: Chassis, stoppable_nats: StoppableNats
) -> None:
    handled: set[int] = set()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        fact = MessageSkipped(channel_id="1", source_ref=job.message.source_ref, reason="empty")
        await context.facts.tell(fact)
        handled.add(job.message.message_id)

    projector = Projector(Seen(), exposed)
    handler = JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, concurrency=4)
    service = Service("exposed", chassis=exposed, projectors=[projector], handlers=[handler])
    async with running(service):
        await eventually(lambda: service.readiness.ready)
        await exposed.facts.tell_all(posts(1, 200))
        await submit_jobs(exposed, *(process_job(number) for number in range(1, 21)))
        telling = asyncio.create_task(exposed.facts.tell_all(posts(201, 1500)))
        await eventually(lambda: projector.position > 200)
        await stoppable_nats.kill()
        await eventually(lambda: not service.readiness.ready)
        begun = time.monotonic()
        with not_busy():
            await eventually(lambda: time.monotonic() - begun > 2.0)
        await stoppable_nats.start()
        confirmed = await telling
        await submit_jobs(exposed, *(process_job(number) for number in range(21, 41)))
        await eventually(lambda: handled == set(range(1, 41)), timeout=20)
        await exposed.control.set("w1", "paused")
        await projector.wait_until_current(timeout=20)
        await eventually(lambda: service.readiness.ready)
    assert len(set(confirmed)) == 1300
    rows = await seen(exposed)
    assert rows == sorted(set(rows))
    assert len(rows) == 1500
    assert set(confirmed) <= set(rows)
    assert await jobs_left(exposed) == 0


async def test_control_flags_are_heard_again_after_the_broker_was_killed(
    exposed: Chassis, stoppable_nats: StoppableNats
) -> None:
    flags = ControlFlags(exposed.nc)
    async with AsyncExitStack() as stack:
        stack.callback(asyncio.create_task(flags.watch()).cancel)
        await exposed.control.set("w1", "cancelled")
        await eventually(lambda: flags.cancelled("w1"))
        await stoppable_nats.kill()
        await stoppable_nats.start()
        await eventually(lambda: exposed.nc.is_connected)
        await exposed.control.set("w2", "cancelled")
        await eventually(lambda: flags.cancelled("w2"))
        assert flags.cancelled("w1")


async def test_what_is_told_into_an_outage_is_told_when_it_ends(
    exposed: Chassis, stoppable_nats: StoppableNats
) -> None:
    await stoppable_nats.kill()
    await eventually(lambda: not exposed.nc.is_connected)
    telling = [asyncio.create_task(exposed.facts.tell(post(number))) for number in range(1, 11)]
    await stoppable_nats.start()
    assert sorted(await asyncio.gather(*telling)) == list(range(1, 11))


async def test_closing_during_an_outage_does_not_hang(
    stoppable_nats: StoppableNats, postgres_settings: PostgresSettings
) -> None:
    settings = NatsSettings(url=SecretStr(stoppable_nats.url))
    begun = time.monotonic()
    async with open_chassis(
        "exposed", nats=settings, postgres=postgres_settings, telemetry=TelemetrySettings()
    ) as chassis:
        await make_tables(chassis)
        service = Service("exposed", chassis=chassis, projectors=[Projector(Seen(), chassis)])
        async with running(service):
            await eventually(lambda: service.readiness.ready)
            await stoppable_nats.kill()
            await eventually(lambda: not chassis.nc.is_connected)
            confirmation = await chassis.publisher.submit("tg.evt.drill.done.v1.all", b"x", {})
    assert isinstance(confirmation.exception(), PublishFailed)
    assert time.monotonic() - begun < 15


async def test_a_projector_survives_the_end_of_its_database_connections(chassis: Chassis) -> None:
    await make_tables(chassis)
    async with projecting(Projector(Seen(), chassis, batch_size=20)) as projector:
        telling = asyncio.create_task(chassis.facts.tell_all(posts(1, 1000)))
        for after in (100, 500):
            await eventually(lambda after=after: projector.position > after)
            await end_connections(chassis)
        await telling
        await projector.wait_for(1000, timeout=20)
    assert await seen(chassis) == list(range(1, 1001))


async def end_connections(chassis: Chassis) -> None:
    async with chassis.require_database().begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def test_a_projector_survives_a_postgres_that_is_killed_and_started_again(
    nats_settings: NatsSettings, tmp_path: Path, gate: Gate
) -> None:
    port = await gate.open()
    async with AsyncExitStack() as opened:
        async with postgres(tmp_path, gate) as first:
            dsn = make_url(first.postgres_dsn).set(port=port).render_as_string(hide_password=False)
            chassis = await opened.enter_async_context(
                open_chassis(
                    "exposed",
                    nats=nats_settings,
                    postgres=PostgresSettings(dsn=SecretStr(dsn)),
                    telemetry=TelemetrySettings(),
                )
            )
            await make_tables(chassis)
            projector = Projector(Seen(), chassis, batch_size=20)
            service = Service("exposed", chassis=chassis, projectors=[projector])
            await opened.enter_async_context(running(service))
            telling = asyncio.create_task(chassis.facts.tell_all(posts(1, 1000)))
            await eventually(lambda: projector.position > 100)
            os.kill(first.servers[0].pid, signal.SIGKILL)
            await eventually(lambda: not service.readiness.ready)
        await telling
        begun = time.monotonic()
        with not_busy():
            await eventually(lambda: time.monotonic() - begun > 1.5)
        async with postgres(tmp_path, gate):
            await projector.wait_for(1000, timeout=30)
            assert await seen(chassis) == list(range(1, 1001))
            await opened.aclose()


@asynccontextmanager
async def postgres(home: Path, gate: Gate) -> AsyncIterator[Endpoints]:
    """A Postgres with its data in `home`, behind the gate."""
    async with embedded_servers(home / "data", nats=False) as endpoints:
        url = make_url(endpoints.postgres_dsn)
        gate.lead_to(str(url.host), int(url.port or 0))
        try:
            yield endpoints
        finally:
            await gate.shut()
