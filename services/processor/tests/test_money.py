"""What is paid for, with a provider on a loopback port, a real queue and real tables."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from test_domain import job
from test_service import give, jobs_left

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.service import Service
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageFailed, MessageProcessed, ProcessingPaused
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.model import Message
from tg_parser.llm.port import Limits
from tg_parser.llm.spending import Budgets
from tg_parser.processor.main import build
from tg_parser.processor.settings import LlmSettings, ProcessorSettings
from tg_parser.testkit.dialects import OPENAI
from tg_parser.testkit.model_server import Fail, Say, model_server, script_of
from tg_parser.testkit.waiting import eventually

pytestmark = pytest.mark.servers
PRICES = '{"m": {"input": 1, "output": 10}}'  # 900 and 100 tokens of the stand-in: 1,900 micros a call


@asynccontextmanager
async def processor(
    nats: NatsSettings, postgres: PostgresSettings, url: str, folder: Path, **llm: Any
) -> AsyncGenerator[Service]:
    (folder / "prices.json").write_text(PRICES)
    settings = ProcessorSettings(
        nats=nats,
        postgres=postgres,
        telemetry=TelemetrySettings(),
        llm=LlmSettings(
            provider="openai",
            model="m",
            base_url=url,
            openai_api_key=SecretStr("k"),
            prices=folder / "prices.json",
            **llm,
        ),
    )
    async with build(settings) as service:
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        await service.ready()
        try:
            yield service
        finally:
            stop.set()
            await running


async def facts(chassis: Chassis) -> list[Message]:
    return [fact.message for fact in await chassis.log.read_range(subjects.FACTS, "tg.evt.>", from_seq=1, limit=100)]


def posts(number: int) -> list[ProcessMessage]:
    return [
        job(f"Мост номер {n} открыли после долгого ремонта, проезд бесплатный.", number=n + 1) for n in range(number)
    ]


async def rows(chassis: Chassis, statement: str) -> list[Any]:
    async with chassis.require_database().engine.connect() as connection:
        return list(await connection.execute(text(statement)))


async def test_every_call_is_in_the_ledger_and_a_pack_is_one_call(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings, tmp_path: Path
) -> None:
    async with (
        model_server(OPENAI) as server,
        processor(nats_settings, postgres_settings, server.url, tmp_path, pack=8) as service,
    ):
        chassis = service.chassis
        for number, given in enumerate(posts(16)):
            await give(chassis, given, number)

        async def settled() -> bool:
            return await chassis.log.last_seq(subjects.FACTS) >= 16 and not await jobs_left(chassis)

        await eventually(settled, timeout=20)
        told = [fact for fact in await facts(chassis) if isinstance(fact, MessageProcessed)]
        calls = await rows(chassis, "SELECT * FROM processor.call")
        spent = {row.scope.partition(":")[0]: row for row in await rows(chassis, "SELECT * FROM processor.spent")}
    assert len({fact.source_ref for fact in told}) == 16
    assert len(calls) == len(server.heard) < 16
    assert sum(call.messages for call in calls) == 16
    assert {(call.provider, call.model, call.outcome, call.cost_micros) for call in calls} == {
        ("openai", "m", "ok", 1900)
    }
    assert sum(fact.cost_micros for fact in told) == 1900 * len(calls)
    assert sum(fact.usage.input_uncached for fact in told) == 900 * len(calls)
    for scope in ("workflow", "channel", "day"):
        assert (spent[scope].micros, spent[scope].messages) == (1900 * len(calls), 16)


async def test_a_budget_pauses_the_workflow_says_so_once_and_loses_no_message(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings, tmp_path: Path
) -> None:
    budget = Budgets(workflow=Limits(messages=3))
    async with (
        model_server(OPENAI) as server,
        processor(nats_settings, postgres_settings, server.url, tmp_path, budget=budget) as service,
    ):
        chassis = service.chassis
        for number, given in enumerate(posts(8)):
            await give(chassis, given, number)

        async def paused() -> bool:
            return any(isinstance(fact, ProcessingPaused) for fact in await facts(chassis)) and len(server.heard) == 3

        await eventually(paused, timeout=20)
        await eventually(lambda: is_left(chassis, 5), timeout=20)
        told = await facts(chassis)
    assert [fact.detail for fact in told if isinstance(fact, ProcessingPaused)] == [
        "The next call does not fit into the workflow's budget of 3 messages."
    ]
    assert sum(isinstance(fact, MessageProcessed) for fact in told) == 3
    assert not any(isinstance(fact, MessageFailed) for fact in told)


async def is_left(chassis: Chassis, number: int) -> bool:
    return await jobs_left(chassis) == number


async def test_a_wrong_key_loses_no_message_and_burns_no_attempt(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings, tmp_path: Path
) -> None:
    async with (
        model_server(OPENAI, script_of(Fail("bad_key"))) as server,
        processor(nats_settings, postgres_settings, server.url, tmp_path, max_concurrency=2) as service,
    ):
        chassis = service.chassis
        for number, given in enumerate(posts(20)):
            await give(chassis, given, number)

        async def said() -> bool:
            return any(isinstance(fact, ProcessingPaused) for fact in await facts(chassis))

        await eventually(said, timeout=20)
        told = await facts(chassis)
        left = await jobs_left(chassis)
    assert left == 20
    assert len(server.heard) <= 2
    assert {type(fact) for fact in told} == {ProcessingPaused}
    assert "Incorrect API key" in next(fact.detail for fact in told if isinstance(fact, ProcessingPaused))


KILLED = """
import asyncio, os, sys
from tg_parser.chassis.facts import FactWriter
from tg_parser.processor import main
from tg_parser.processor.settings import ProcessorSettings

async def die(*_):
    os.kill(os.getpid(), 9)

FactWriter.tell = die   # the answer is there, and before anybody hears of it the machine is gone

async def run():
    async with main.build(ProcessorSettings()) as service:
        await service.run(asyncio.Event())

asyncio.run(run())
"""


async def test_a_process_killed_between_answer_and_outcome_does_not_pay_again(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings, tmp_path: Path, chassis: Chassis
) -> None:
    async with model_server(OPENAI, script_of(Say())) as server:
        await give(chassis, posts(1)[0], 0)
        environment = {
            **os.environ,
            "TG_NATS__URL": nats_settings.url.get_secret_value(),
            "TG_POSTGRES__DSN": postgres_settings.dsn.get_secret_value(),
            "TG_LLM__PROVIDER": "openai",
            "TG_LLM__MODEL": "m",
            "TG_LLM__BASE_URL": server.url,
            "OPENAI_API_KEY": "k",
        }
        killed = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, env=environment)
        async with asyncio.timeout(60):
            assert await killed.wait() == -signal.SIGKILL
        assert len(server.heard) == 1
        assert not await facts(chassis)
        await give(chassis, posts(1)[0], 1)  # dealt out anew; the first one still belongs to the dead
        async with processor(nats_settings, postgres_settings, server.url, tmp_path):
            await eventually(lambda: is_told(chassis), timeout=20)
        (told,) = await facts(chassis)
        assert len(server.heard) == 1
    assert isinstance(told, MessageProcessed)
    assert told.cache_hit


async def is_told(chassis: Chassis) -> bool:
    return bool(await facts(chassis))
