from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import PermanentError, ServerUnavailable, TaskEnded
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.provision import provision
from tg_parser.chassis.service import Service, run_together
from tg_parser.chassis.settings import NatsSettings
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import Seen, jobs_left, make_tables, posts, process_job, running, seen, submit
from tg_parser.testkit.outages import free_port
from tg_parser.testkit.waiting import eventually


async def skip(job: ProcessMessage, context: JobContext) -> None:
    await context.facts.tell(MessageSkipped(channel_id="1", source_ref=job.message.source_ref, reason="empty"))


async def forever() -> None:
    await asyncio.Event().wait()


async def test_facts_are_folded_jobs_are_handled_and_a_stop_is_clean(chassis: Chassis) -> None:
    await make_tables(chassis)
    projector = Projector(Seen(), chassis)
    handler = JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, skip, concurrency=8)
    async with running(Service("drill", chassis=chassis, projectors=[projector], handlers=[handler])):
        await chassis.facts.tell_all(posts(1, 500))
        await projector.wait_for(500, timeout=20)
        await submit(chassis, *(process_job(number) for number in range(1, 101)))
        await eventually(lambda: _told(chassis, 600), timeout=20)
    assert await seen(chassis) == list(range(1, 501))
    await eventually(lambda: _is_empty(chassis))
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith(("drill", "job ", "leases"))] == []


async def test_a_service_is_ready_when_everything_answers_and_says_what_does_not(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    await make_tables(chassis)
    port = free_port()
    service = Service(
        "drill",
        chassis=chassis,
        projectors=[Projector(Seen(), chassis)],
        handlers=[JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, skip)],
        checks={"model": lambda: True},
        health_port=port,
    )
    async with running(service), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await eventually(lambda: service.readiness.ready)
        await eventually(lambda: _status(http, "/readyz", 200))
        assert set((await http.get("/readyz")).json()["checks"]) == {
            "jobs:process", "projection:drill.seen", "model", "nats", "postgres",
        }  # fmt: skip
        await chassis.nc.jetstream().delete_consumer(subjects.JOBS, subjects.PROCESS_WORKERS)
        told = await eventually(lambda: _status(http, "/readyz", 503))
        assert told
        assert [name for name, answers in told.json()["checks"].items() if not answers] == ["jobs:process"]
        assert (await http.get("/livez")).status_code == 200
        assert "tg_ready" in (await http.get("/metrics")).text
        await provision(chassis.nc, nats_settings)
        await eventually(lambda: _status(http, "/readyz", 200))


async def test_a_service_that_stops_says_so_before_its_jobs_are_finished(chassis: Chassis) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        begun.set()
        await release.wait()

    stop = asyncio.Event()
    service = Service("drill", chassis=chassis, handlers=[JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle)])
    task = asyncio.create_task(service.run(stop))
    await submit(chassis, process_job(1))
    await begun.wait()
    await eventually(lambda: service.readiness.ready)
    stop.set()
    await eventually(lambda: not service.readiness.ready)
    assert not task.done()
    release.set()
    await task
    assert not service.readiness.ready
    await eventually(lambda: _is_empty(chassis))


async def test_a_part_that_ends_by_itself_ends_the_service(chassis: Chassis) -> None:
    async def ends() -> None:
        return

    with pytest.raises(TaskEnded, match="drill: counting has ended unexpectedly"):
        await Service("drill", chassis=chassis, tasks={"counting": ends}).run(asyncio.Event())


async def test_a_part_that_fails_with_a_sentence_is_heard(chassis: Chassis) -> None:
    async def fails() -> None:
        raise PermanentError("The catalogue is empty.")

    with pytest.raises(PermanentError, match="The catalogue is empty"):
        await Service("drill", chassis=chassis, tasks={"counting": fails}).run(asyncio.Event())


async def test_of_services_run_together_the_first_that_breaks_stops_the_others(chassis: Chassis) -> None:
    async def fails() -> None:
        raise PermanentError("The catalogue is empty.")

    ended: list[bool] = []

    async def works() -> None:
        try:
            await forever()
        finally:
            ended.append(True)

    services = [
        Service("one", chassis=chassis, tasks={"works": works}),
        Service("other", chassis=chassis, tasks={"fails": fails}),
    ]
    with pytest.raises(PermanentError, match="The catalogue is empty"):
        await run_together(services, asyncio.Event())
    assert ended == [True]


async def test_a_health_port_that_is_taken_is_said_in_a_sentence(chassis: Chassis) -> None:
    async with _listening() as port:
        with pytest.raises(ServerUnavailable, match=f"cannot listen on 127.0.0.1:{port}"):
            await Service("drill", chassis=chassis, health_port=port).run(asyncio.Event())


async def test_a_service_announces_itself_while_it_runs(chassis: Chassis) -> None:
    handler = JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, skip)
    async with running(Service("drill", chassis=chassis, handlers=[handler])):
        answer = await chassis.nc.request("$SRV.INFO.tg-drill", timeout=5)
        assert b'"capabilities":"process"' in answer.data.replace(b'": "', b'":"')
        assert chassis.instance.encode() in answer.data


@asynccontextmanager
async def _listening() -> AsyncIterator[int]:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


async def _status(http: httpx.AsyncClient, path: str, status: int) -> httpx.Response | None:
    try:
        answer = await http.get(path)
    except httpx.TransportError:
        return None
    return answer if answer.status_code == status else None


async def _told(chassis: Chassis, facts: int) -> bool:
    return await chassis.log.last_seq(subjects.FACTS) == facts


async def _is_empty(chassis: Chassis) -> bool:
    return await jobs_left(chassis) == 0
