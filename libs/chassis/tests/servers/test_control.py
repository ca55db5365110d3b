from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.control import ControlFlags
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.subjects import CONTROL_BUCKET, control_key
from tg_parser.testkit.waiting import eventually

BUCKET_STREAM = f"KV_{CONTROL_BUCKET}"


@asynccontextmanager
async def watching(chassis: Chassis) -> AsyncIterator[ControlFlags]:
    flags = ControlFlags(chassis.nc)
    task = asyncio.create_task(flags.watch())
    try:
        yield flags
    finally:
        await cancelled([task])


async def test_flags_set_before_and_after_the_watch_began_are_heard(chassis: Chassis) -> None:
    await chassis.control.set("w1", "cancelled")
    async with watching(chassis) as flags:
        await eventually(lambda: flags.cancelled("w1"))
        await chassis.control.set("w2", "paused")
        await eventually(lambda: flags.flag("w2") == "paused")
        await chassis.control.set("w2", "running")
        await eventually(lambda: flags.flag("w2") == "running")
    assert flags.flag("never heard of") == "running"


async def test_whoever_sets_a_flag_sees_it_at_once(chassis: Chassis) -> None:
    await chassis.control.set("w1", "paused")
    assert chassis.control.flag("w1") == "paused"
    assert not chassis.control.cancelled("w1")


async def test_a_flag_that_is_deleted_or_not_understood_means_running(chassis: Chassis) -> None:
    bucket = await chassis.nc.jetstream().key_value(CONTROL_BUCKET)
    await chassis.control.set("w1", "cancelled")
    await chassis.control.set("w2", "cancelled")
    async with watching(chassis) as flags:
        await eventually(lambda: flags.cancelled("w1") and flags.cancelled("w2"))
        await bucket.delete(control_key("w1"))
        await bucket.put(control_key("w2"), b"a flag of the future")
        await eventually(lambda: not flags.cancelled("w1") and not flags.cancelled("w2"))


async def test_the_watch_survives_the_loss_of_its_consumer(chassis: Chassis) -> None:
    js = chassis.nc.jetstream()
    async with watching(chassis) as flags:
        await chassis.control.set("w1", "cancelled")
        await eventually(lambda: flags.cancelled("w1"))
        for consumer in await js.consumers_info(BUCKET_STREAM):
            await js.delete_consumer(BUCKET_STREAM, consumer.name)
        await chassis.control.set("w2", "cancelled")
        await eventually(lambda: flags.cancelled("w2"))


async def test_a_flag_that_cannot_be_set_is_a_transient_error(chassis: Chassis) -> None:
    await chassis.nc.jetstream().delete_stream(BUCKET_STREAM)
    with pytest.raises(TransientError, match="w1 could not be set"):
        await chassis.control.set("w1", "paused")
    assert chassis.control.flag("w1") == "running"
