"""How jobs reach their handlers: how many at once, how long, and what happens to them when a worker goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.provision import MAX_ATTEMPTS, provision
from tg_parser.chassis.settings import NatsSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import consuming, jobs_left, process_job, submit
from tg_parser.testkit.waiting import eventually

DURABLE = subjects.PROCESS_WORKERS


@pytest_asyncio.fixture(loop_scope="session")
async def other_chassis(chassis: Chassis, nats_settings: NatsSettings) -> AsyncIterator[Chassis]:
    """A second worker on the same servers."""
    async with open_chassis("other", nats=nats_settings, postgres=None, telemetry=TelemetrySettings()) as opened:
        yield opened


async def shorten_ack_wait(chassis: Chassis, seconds: float) -> None:
    js = chassis.nc.jetstream()
    info = await js.consumer_info(subjects.JOBS, DURABLE)
    await js.add_consumer(subjects.JOBS, config=replace(info.config, ack_wait=seconds))


async def use_up(chassis: Chassis, attempts: int) -> None:
    """Deliver the waiting job as many times, to a worker that hands it back."""
    puller = await chassis.nc.jetstream().pull_subscribe_bind(DURABLE, subjects.JOBS)
    for _ in range(attempts):
        (message,) = await puller.fetch(1, timeout=5)
        await message.nak()
    await puller.unsubscribe()


async def test_a_slow_job_keeps_no_other_waiting_and_no_more_are_taken_than_there_is_room_for(
    chassis: Chassis,
) -> None:
    release = asyncio.Event()
    handled: list[int] = []
    most = 0

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        nonlocal most
        most = max(most, consumer.in_flight)
        if job.message.message_id == 1:
            await release.wait()
        handled.append(job.message.message_id)

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle, concurrency=4)) as consumer:
        await submit(chassis, *(process_job(number) for number in range(1, 201)))
        await eventually(lambda: len(handled) == 199)
        pending = (await chassis.nc.jetstream().consumer_info(subjects.JOBS, DURABLE)).num_ack_pending
        release.set()
        await eventually(lambda: len(handled) == 200)
    assert handled[-1] == 1
    assert pending is not None
    assert pending <= most <= 4 + 1


async def test_what_is_asked_for_does_not_grow_with_every_answer(chassis: Chassis) -> None:
    handled: list[int] = []
    gate = asyncio.Event()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        handled.append(job.message.message_id)
        if job.workflow_id == "w2":
            await gate.wait()

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle, concurrency=4)) as consumer:
        await submit(chassis, *(process_job(number) for number in range(1, 101)))
        await eventually(lambda: len(handled) == 100)
        await submit(chassis, *(process_job(number, "w2") for number in range(1, 51)))
        await eventually(lambda: len(handled) == 104)
        await eventually(lambda: consumer.in_flight == 5)
        info = await chassis.nc.jetstream().consumer_info(subjects.JOBS, DURABLE)
        assert (info.num_ack_pending, info.num_pending) == (5, 45)
        gate.set()
        await eventually(lambda: len(handled) == 150)


async def test_a_job_longer_than_its_lease_is_handled_once(chassis: Chassis) -> None:
    await shorten_ack_wait(chassis, 0.3)
    attempts: list[int] = []
    release = asyncio.Event()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        attempts.append(context.attempt)
        await release.wait()

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle, concurrency=2), ack_wait=0.3):
        begun = time.monotonic()
        await submit(chassis, process_job(1))
        await eventually(lambda: time.monotonic() - begun > 1.2)
        release.set()
        await eventually(lambda: _is_empty(chassis))
    assert attempts == [1]


async def test_a_job_that_waits_for_a_slot_keeps_its_lease_and_is_not_overdue(chassis: Chassis) -> None:
    await shorten_ack_wait(chassis, 0.3)
    attempts: list[tuple[int, int]] = []
    release = asyncio.Event()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        attempts.append((job.message.message_id, context.attempt))
        if job.message.message_id == 1:
            await release.wait()

    handler = JobHandler(ProcessMessage, DURABLE, handle, concurrency=1, longest=1.5)
    async with consuming(chassis, handler, ack_wait=0.3) as consumer:
        await submit(chassis, process_job(1), process_job(2))
        begun = time.monotonic()
        await eventually(lambda: consumer.in_flight == 2)
        await eventually(lambda: time.monotonic() - begun > 1.0)
        release.set()
        await eventually(lambda: _is_empty(chassis))
    assert attempts == [(1, 1), (2, 1)]


@pytest.mark.parametrize(("used_up", "seen"), [(0, [1, 2]), (MAX_ATTEMPTS - 1, [MAX_ATTEMPTS])])
async def test_a_job_that_takes_too_long_is_cancelled_handed_back_and_in_the_end_given_up(
    chassis: Chassis, used_up: int, seen: list[int]
) -> None:
    attempts: list[int] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        attempts.append(context.attempt)
        if context.attempt in {1, MAX_ATTEMPTS}:
            await asyncio.Event().wait()

    handler = JobHandler(ProcessMessage, DURABLE, handle, longest=0.05)
    await submit(chassis, process_job(1))
    await use_up(chassis, used_up)
    async with consuming(chassis, handler):
        await eventually(lambda: _is_empty(chassis))
    assert attempts == seen
    letters = await chassis.log.read_range(subjects.DEAD_LETTERS, subjects.DEAD_LETTER_SUBJECTS, from_seq=1, limit=10)
    assert [letter.headers["tg-dlq-error-class"] for letter in letters] == ["TimeoutError"] * (seen[-1] == MAX_ATTEMPTS)


async def test_a_worker_that_stops_finishes_what_it_can_and_hands_the_rest_to_others_at_once(
    chassis: Chassis, other_chassis: Chassis
) -> None:
    begun: list[int] = []
    taken: dict[int, int] = {}

    async def hang(job: ProcessMessage, context: JobContext) -> None:
        begun.append(job.message.message_id)
        await asyncio.Event().wait()

    async def take(job: ProcessMessage, context: JobContext) -> None:
        taken[job.message.message_id] = context.attempt

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, hang, concurrency=4)) as stopping:
        await submit(chassis, *(process_job(number) for number in range(1, 6)))
        await eventually(lambda: len(begun) == 4 and stopping.in_flight == 5)
        async with consuming(other_chassis, JobHandler(ProcessMessage, DURABLE, take, concurrency=4)):
            stopped = time.monotonic()
            await stopping.stop(grace=0.2)
            await eventually(lambda: len(taken) == 5, timeout=2)
            assert time.monotonic() - stopped < 2
            await eventually(lambda: _is_empty(chassis))
    assert sorted(begun) == [1, 2, 3, 4]
    assert set(taken.values()) == {2}


async def test_a_job_in_hand_when_the_worker_stops_is_finished_if_it_can_be(chassis: Chassis) -> None:
    done: list[int] = []
    release = asyncio.Event()

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        await release.wait()
        done.append(job.message.message_id)

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle)) as consumer:
        await submit(chassis, process_job(1))
        await eventually(lambda: consumer.in_flight == 1)
        stopping = asyncio.create_task(consumer.stop(grace=5))
        release.set()
        await stopping
    assert done == [1]
    await eventually(lambda: _is_empty(chassis))


async def test_a_stopping_worker_does_not_use_up_the_attempts_of_jobs_it_never_began(chassis: Chassis) -> None:
    async def hang(job: ProcessMessage, context: JobContext) -> None:
        await asyncio.Event().wait()

    # A job that the server was sending while we left comes back after its ack wait alone.
    await shorten_ack_wait(chassis, 1.0)
    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, hang, concurrency=16)) as consumer:
        await submit(chassis, process_job(1))
        await eventually(lambda: consumer.in_flight == 1)
        stopping = asyncio.create_task(consumer.stop(grace=0.3))
        await submit(chassis, *(process_job(number) for number in range(2, 8)))
        await stopping
    puller = await chassis.nc.jetstream().pull_subscribe_bind(DURABLE, subjects.JOBS)
    left: dict[int, int] = {}
    while len(left) < 7:
        for message in await puller.fetch(7, timeout=5):
            left[message.metadata.sequence.stream] = message.metadata.num_delivered or 0
    await puller.unsubscribe()
    assert max(left.values()) <= 2


async def test_a_deleted_consumer_is_noticed_and_one_made_again_is_served_again(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    handled: list[int] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        handled.append(job.message.message_id)

    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle)) as consumer:
        await submit(chassis, process_job(1))
        await eventually(lambda: handled == [1])
        assert consumer.alive
        await chassis.nc.jetstream().delete_consumer(subjects.JOBS, DURABLE)
        await eventually(lambda: not consumer.alive)
        await submit(chassis, process_job(2))
        await provision(chassis.nc, nats_settings)
        await eventually(lambda: handled == [1, 2])
        assert consumer.alive


@pytest.mark.parametrize("flag", ["cancelled", "running"])
async def test_a_handler_knows_whether_its_workflow_was_cancelled(chassis: Chassis, flag: str) -> None:
    heard: list[bool] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        heard.append(context.cancelled())

    await chassis.control.set("w1", "cancelled" if flag == "cancelled" else "running")
    async with consuming(chassis, JobHandler(ProcessMessage, DURABLE, handle)):
        await submit(chassis, process_job(1))
        await eventually(lambda: heard)
    assert heard == [flag == "cancelled"]


async def _is_empty(chassis: Chassis) -> bool:
    return await jobs_left(chassis) == 0
