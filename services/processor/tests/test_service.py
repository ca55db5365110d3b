from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from test_domain import job

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.jobs import JobContext
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed, MessageSkipped
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.erasure import ErasureRequested
from tg_parser.contracts.jobs import ModelChoice, ProcessMessage
from tg_parser.llm.errors import AuthFailedError, ThrottledError
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.port import StructuredRequest, StructuredResult
from tg_parser.processor import handlers
from tg_parser.processor.adapters.answers import open_answers
from tg_parser.processor.adapters.grouped import Grouped
from tg_parser.processor.asking import Questions
from tg_parser.processor.main import build
from tg_parser.processor.prompt import open_prompts
from tg_parser.processor.settings import LlmSettings, ProcessorSettings
from tg_parser.testkit.waiting import eventually


async def test_what_is_asked_together_is_answered_apart() -> None:
    groups: list[int] = []

    async def double(items: Sequence[int]) -> list[int]:
        groups.append(len(items))
        return [2 * item for item in items]

    async with Grouped[int, int](double) as grouped:
        assert await asyncio.gather(*(grouped.ask(number) for number in range(100))) == [
            2 * number for number in range(100)
        ]
    assert sum(groups) == 100
    assert len(groups) < 10


async def test_a_failed_group_fails_each_of_its_askers_and_nobody_else() -> None:
    async def refuse(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise TransientError("unlucky")
        return items

    async with Grouped[int, int](refuse) as grouped:
        outcomes = await asyncio.gather(grouped.ask(13), grouped.ask(1), return_exceptions=True)
        assert all(isinstance(outcome, TransientError) for outcome in outcomes)
        assert await grouped.ask(2) == 2


@pytest.mark.servers
async def test_the_first_answer_stays_and_survives(chassis: Chassis) -> None:
    database = chassis.require_database()
    await database.migrate("tg_parser.processor.migrations", "processor")
    first, second = (StructuredResult(output={"n": number}, model="m", provider="p") for number in (1, 2))
    async with open_answers(database) as answers:
        assert await answers.get("k") is None
        await answers.put("k", first)
        await answers.put("k", second)
    async with open_answers(database) as answers:
        assert await answers.get("k") == first


@pytest.mark.servers
async def test_each_job_leaves_one_outcome_and_a_redelivered_one_is_not_paid_again(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings
) -> None:
    settings = ProcessorSettings(
        nats=nats_settings,
        postgres=postgres_settings,
        telemetry=TelemetrySettings(),
        llm=LlmSettings(provider="instant"),
    )
    async with build(settings) as service:
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        await service.ready()
        chassis = service.chassis
        for number, given in enumerate([job(), job(), job(text="", kind="service", number=8)]):
            await give(chassis, given, number)

        async def settled() -> bool:
            return await chassis.log.last_seq(subjects.FACTS) >= 2 and not (await jobs_left(chassis))

        await eventually(settled, timeout=20)
        facts = await chassis.log.read_range(subjects.FACTS, "tg.evt.>", from_seq=1, limit=10)
        messages = [fact.message for fact in facts]
        stop.set()
        await running
    assert [message.source_ref for message in messages if isinstance(message, MessageProcessed)] == ["tg:1:post:7"]
    assert [message.reason for message in messages if isinstance(message, MessageSkipped)] == ["service"]


@pytest.mark.servers
async def test_an_erased_message_is_not_understood_and_its_answer_is_forgotten(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings
) -> None:
    settings = ProcessorSettings(
        nats=nats_settings,
        postgres=postgres_settings,
        telemetry=TelemetrySettings(),
        llm=LlmSettings(provider="instant"),
    )
    async with build(settings) as service:
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        await service.ready()
        chassis = service.chassis
        for number, given in enumerate([job(), job(text="Other words", number=8)]):
            await give(chassis, given, number)

        async def answered(refs: set[str]) -> bool:
            async with chassis.require_database().engine.connect() as connection:
                return {
                    row[0] for row in await connection.execute(text("SELECT source_ref FROM processor.answer"))
                } == refs

        await eventually(lambda: answered({"tg:1:post:7", "tg:1:post:8"}), timeout=20)
        names = ("tg:1:post:7", "tg:1:post:9")
        await chassis.facts.tell(
            ErasureRequested(erasure_id="e", channel_id="1", source_refs=names, at=chassis.clock())
        )
        await eventually(lambda: answered({"tg:1:post:8"}), timeout=20)
        await give(chassis, job(text="Late words", number=9), 9)

        async def skips() -> list[MessageSkipped]:
            facts = await chassis.log.read_range(
                subjects.FACTS, subjects.fact_filter(MessageSkipped), from_seq=1, limit=10
            )
            return [fact.message for fact in facts if isinstance(fact.message, MessageSkipped)]

        (skipped,) = await eventually(skips, timeout=20)
        stop.set()
        await running
    assert (skipped.source_ref, skipped.reason, skipped.content_hash) == ("tg:1:post:9", "erased", "")


@pytest.mark.servers
async def test_an_answer_that_comes_after_its_message_was_erased_is_not_kept(chassis: Chassis) -> None:
    database = chassis.require_database()
    await database.migrate("tg_parser.processor.migrations", "processor")
    answer = StructuredResult(output={"n": 1}, model="m", provider="p")
    async with open_answers(database) as answers:
        await answers.put("k", answer, "tg:1:post:1")
        await answers.put("l", answer, "tg:1:post:2")
        await answers.forget(["tg:1:post:1"])
        await answers.put("m", answer, "tg:1:post:1")
        assert [await answers.get(key) for key in "klm"] == [None, answer, None]


@dataclass
class Thinking:
    """A model in whose thinking a message is erased; and the erasures."""

    refs: set[str] = field(default_factory=set[str])
    provider: str = "instant"
    model: str = "m"

    async def chosen(self, choice: ModelChoice) -> Thinking:
        return self

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        self.refs.add(request.about)
        return await InstantModel().complete(request)

    async def aclose(self) -> None:
        return

    async def erased(self, source_ref: str) -> bool:
        return source_ref in self.refs


@pytest.mark.servers
async def test_what_is_erased_while_the_model_thinks_is_not_told(chassis: Chassis) -> None:
    thinking, given = Thinking(), job()
    handler = handlers.UnderstandMessage(thinking, Questions(open_prompts(), 100), chassis.clock, thinking)
    cause = Envelope(id="j", type=given.wire_type(), source="test", time=chassis.clock(), workflow_id="w")
    await handler(given, JobContext(cause, chassis.facts.because_of(cause), chassis.control, 1))
    (told,) = await chassis.log.read_range(subjects.FACTS, "tg.evt.>", from_seq=1, limit=10)
    assert isinstance(told.message, MessageSkipped)
    assert told.message.reason == "erased"


async def jobs_left(chassis: Chassis) -> int:
    return (await chassis.nc.jetstream().stream_info(subjects.JOBS)).state.messages


async def give(chassis: Chassis, given: ProcessMessage, number: int) -> None:
    envelope = Envelope(
        id=f"job-{number}", type=given.wire_type(), source="test", time=chassis.clock(), workflow_id="w"
    )
    await chassis.publisher.publish(
        subjects.job_subject(ProcessMessage, "bulk", "w"), encode(given), envelope.headers()
    )


def test_a_model_that_may_answer_later_is_asked_later() -> None:
    later = handlers.as_job_error(ThrottledError("slow down", retry_after=7))
    never = handlers.as_job_error(AuthFailedError("no key"))
    assert isinstance(later, TransientError)
    assert later.retry_in == 7
    assert isinstance(never, PermanentError)


def test_the_old_names_of_settings_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    monkeypatch.setenv("LLM_MODEL", "old-model")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    settings = LlmSettings()
    chosen = settings.for_choice("", "")
    assert (chosen.provider, chosen.model) == ("openai", "old-model")
    assert "secret" not in repr(settings)


def test_a_workflows_choice_wins_over_the_setting() -> None:
    settings = LlmSettings(provider="local")
    assert settings.for_choice("instant", "").provider == "instant"
    with pytest.raises(ValueError, match="api_key"):
        settings.for_choice("openai", "gpt-5-nano")
    assert ModelChoice().provider == ""
