from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from nats.js.api import StorageType

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.errors import PermanentError, ServerUnavailable
from tg_parser.chassis.provision import Drift, consumers, provision, streams
from tg_parser.chassis.settings import NatsSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.testkit.drills import post


async def test_provisioning_again_finds_everything_as_it_should_be(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    assert await provision(chassis.nc, nats_settings) == []
    js = chassis.nc.jetstream()
    assert {info.config.name for info in await js.streams_info()} >= {stream.name for stream in streams(nats_settings)}
    for stream, wanted in consumers(nats_settings):
        assert (await js.consumer_info(stream, str(wanted.durable_name))).config.filter_subject == wanted.filter_subject


async def test_several_may_provision_at_once(nats_settings: NatsSettings) -> None:
    settings = nats_settings.model_copy(update={"provision": False})
    async with open_chassis("test", nats=settings, postgres=None, telemetry=TelemetrySettings()) as chassis:
        found = await asyncio.gather(*(provision(chassis.nc, nats_settings) for _ in range(4)))
    assert found == [[], [], [], []]


async def test_a_stream_that_has_drifted_is_corrected_and_reported(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    js = chassis.nc.jetstream()
    config = (await js.stream_info(subjects.FACTS)).config
    await js.update_stream(replace(config, max_age=3600.0, duplicate_window=60.0))
    drifts = await provision(chassis.nc, nats_settings)
    assert {(drift.name, drift.setting) for drift in drifts} == {
        (subjects.FACTS, "max_age"),
        (subjects.FACTS, "duplicate_window"),
    }
    assert (await js.stream_info(subjects.FACTS)).config.max_age == 0
    assert await provision(chassis.nc, nats_settings) == []


async def test_a_consumer_that_has_drifted_is_corrected_and_reported(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    js = chassis.nc.jetstream()
    config = (await js.consumer_info(subjects.JOBS, subjects.PROCESS_WORKERS)).config
    await js.add_consumer(subjects.JOBS, config=replace(config, ack_wait=1.0))
    name = f"{subjects.JOBS}/{subjects.PROCESS_WORKERS}"
    assert await provision(chassis.nc, nats_settings) == [Drift(name, "ack_wait", 1_000_000_000, 60_000_000_000)]
    assert (await js.consumer_info(subjects.JOBS, subjects.PROCESS_WORKERS)).config.ack_wait == 60


async def test_facts_survive_provisioning(chassis: Chassis, nats_settings: NatsSettings) -> None:
    await chassis.facts.tell(post(1))
    await provision(chassis.nc, nats_settings.model_copy(update={"fact_bytes": 1_000_000, "window": 7}))
    assert await chassis.log.last_seq(subjects.FACTS) == 1
    assert (await chassis.nc.jetstream().stream_info(subjects.JOBS)).config.max_msgs_per_subject == 7


async def test_what_the_server_refuses_to_change_is_said_in_a_sentence(
    chassis: Chassis, nats_settings: NatsSettings
) -> None:
    js = chassis.nc.jetstream()
    await js.delete_stream(subjects.DEAD_LETTERS)
    await js.add_stream(
        name=subjects.DEAD_LETTERS, subjects=[subjects.DEAD_LETTER_SUBJECTS], storage=StorageType.MEMORY
    )
    with pytest.raises(PermanentError, match=r"The stream TG_DLQ cannot be made as it should be: .*storage"):
        await provision(chassis.nc, nats_settings)


async def test_a_server_that_is_not_there_is_said_in_a_sentence(nats_settings: NatsSettings) -> None:
    nowhere = NatsSettings.model_validate({"url": "nats://127.0.0.1:1", "connect_timeout_s": 0.2})
    with pytest.raises(ServerUnavailable, match="TG_NATS__URL"):
        async with open_chassis("test", nats=nowhere, postgres=None, telemetry=TelemetrySettings()):
            pass
