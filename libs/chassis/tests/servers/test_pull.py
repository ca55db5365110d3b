from __future__ import annotations

import time

from nats.aio.msg import Msg

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.pull import PullRequests
from tg_parser.chassis.settings import NatsSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.testkit.drills import process_job, submit
from tg_parser.testkit.outages import StoppableNats
from tg_parser.testkit.waiting import eventually

HEARTBEAT = 0.2


async def ignore(message: Msg) -> None:
    del message


def pulling(chassis: Chassis, *, expires: float = 30.0) -> PullRequests:
    return PullRequests(
        chassis.nc, subjects.JOBS, subjects.PROCESS_WORKERS, ignore, heartbeat=HEARTBEAT, expires=expires
    )


async def test_a_message_uses_up_one_of_what_was_asked_for(chassis: Chassis) -> None:
    pulls = pulling(chassis)
    await pulls.start()
    await pulls.want(3)
    await submit(chassis, process_job(1), process_job(2))
    await eventually(lambda: pulls.outstanding == 1)
    await pulls.stop()


async def test_somebody_who_wants_nothing_is_not_taken_for_dead(chassis: Chassis) -> None:
    pulls = pulling(chassis)
    await pulls.start()
    await pulls.want(1)
    await submit(chassis, process_job(1))
    await eventually(lambda: pulls.outstanding == 0)
    begun = time.monotonic()
    await eventually(lambda: time.monotonic() - begun > 2 * HEARTBEAT + 1.2)
    assert pulls.alive
    await pulls.stop()


async def test_a_request_that_expires_is_repeated_for_what_is_left_of_it(chassis: Chassis) -> None:
    pulls = pulling(chassis, expires=0.5)
    await pulls.start()
    await pulls.want(3)
    await submit(chassis, process_job(1))
    begun = time.monotonic()
    await eventually(lambda: time.monotonic() - begun > 1.2)
    assert pulls.outstanding == 2
    await submit(chassis, process_job(2), process_job(3), process_job(4))
    await eventually(lambda: pulls.outstanding == 0)
    info = await chassis.nc.jetstream().consumer_info(subjects.JOBS, subjects.PROCESS_WORKERS)
    assert (info.num_ack_pending, info.num_pending) == (3, 1)
    await pulls.stop()


async def test_a_server_that_hangs_is_noticed_and_one_that_wakes_up_is_trusted_again(
    stoppable_nats: StoppableNats,
) -> None:
    settings = NatsSettings.model_validate({"url": stoppable_nats.url})
    async with open_chassis("test", nats=settings, postgres=None, telemetry=TelemetrySettings()) as chassis:
        pulls = pulling(chassis)
        await pulls.start()
        await pulls.want(1)
        await eventually(lambda: pulls.alive)
        stoppable_nats.freeze()
        await eventually(lambda: not pulls.alive)
        stoppable_nats.thaw()
        await eventually(lambda: pulls.alive)
        await submit(chassis, process_job(1))
        await eventually(lambda: pulls.outstanding == 0)
        await pulls.stop()


async def test_a_refused_request_is_not_repeated_in_a_busy_loop(chassis: Chassis) -> None:
    await chassis.nc.jetstream().delete_consumer(subjects.JOBS, subjects.PROCESS_WORKERS)
    pulls = pulling(chassis)
    await pulls.start()
    await pulls.want(1)
    sent = chassis.nc.stats["out_msgs"]
    begun = time.monotonic()
    await eventually(lambda: time.monotonic() - begun > 1.5)
    assert chassis.nc.stats["out_msgs"] - sent <= 3
    assert not pulls.alive
    await pulls.stop()


async def test_what_was_on_its_way_is_received_before_a_draining_stop_returns(chassis: Chassis) -> None:
    received: list[str] = []

    async def receive(message: Msg) -> None:
        received.append(message.reply)

    pulls = PullRequests(chassis.nc, subjects.JOBS, subjects.PROCESS_WORKERS, receive)
    await pulls.start()
    await pulls.want(50)
    await submit(chassis, *(process_job(number) for number in range(1, 21)))
    await pulls.stop(drain=True)
    info = await chassis.nc.jetstream().consumer_info(subjects.JOBS, subjects.PROCESS_WORKERS)
    assert info.num_ack_pending == len(received) > 0
