from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.errors import ConcurrencyError
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.service import Service, run_together
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.jobs import Export, IngestSource, ProcessMessage, Topicize
from tg_parser.contracts.knowledge import ExportCompleted
from tg_parser.contracts.messages import (
    IngestCompleted,
    IngestPageCommitted,
    IngestRefused,
    MessageIngested,
    SourceSpec,
    TelegramMessage,
)
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import SourceAdded, SourceHinted, SourcePaused, SourceRunStarted
from tg_parser.contracts.topics import TopicizationCompleted
from tg_parser.contracts.workflows import (
    CancelRequested,
    ExportTarget,
    ProcessStageCompleted,
    StageProgressed,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowRequested,
)
from tg_parser.orchestrator.main import assemble
from tg_parser.orchestrator.settings import Deadlines, OrchestratorSettings

pytestmark = pytest.mark.servers

WITHIN = 30.0
TERMINAL = (WorkflowCompleted, WorkflowFailed, WorkflowCancelled)


def post(number: int) -> MessageIngested:
    message = TelegramMessage(
        channel_id="1001", message_id=number, date=datetime(2026, 1, 1, tzinfo=UTC), text=f"post {number}"
    )
    return MessageIngested(message=message, content_hash=message.content_hash(), source_kind="td_json")


class Others:
    """The other services, as far as the orchestrator can tell."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.processed: list[ProcessMessage] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.forgetful = False

    async def ingest(self, job: IngestSource, context: JobContext) -> None:
        if job.source.location == "nowhere":
            await context.facts.tell(IngestRefused(reason="There is no such file."))
            return
        await context.facts.tell_all([post(number) for number in range(self.messages)])
        await context.facts.tell(IngestPageCommitted(page=0, cursor=self.messages, cumulative=self.messages))
        await context.facts.tell(IngestCompleted(expected=self.messages, pages=1, ingested=self.messages))

    async def process(self, job: ProcessMessage, context: JobContext) -> None:
        await self.hold.wait()
        self.processed.append(job)
        if self.forgetful and len(self.processed) <= self.messages:
            return
        ref = job.message.source_ref
        await context.facts.tell(MessageSkipped(channel_id="1001", source_ref=ref, reason="empty"))

    async def topicize(self, job: Topicize, context: JobContext) -> None:
        await context.facts.tell(
            TopicizationCompleted(
                epoch=1, input_seq=job.after_seq, topics=1, assigned=1, unassigned=0, output_digest="digest"
            )
        )

    async def export(self, job: Export, context: JobContext) -> None:
        await context.facts.tell(ExportCompleted(location=job.location, log_position=job.after_seq, artifacts=()))

    def handlers(self) -> list[JobHandler[Any]]:
        return [
            JobHandler(IngestSource, subjects.INGEST_WORKERS, self.ingest),
            JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, self.process, concurrency=32),
            JobHandler(Topicize, subjects.TOPICIZE_WORKERS, self.topicize),
            JobHandler(Export, subjects.EXPORT_WORKERS, self.export),
        ]


@pytest.fixture
def settings(nats_settings: NatsSettings, postgres_settings: PostgresSettings) -> OrchestratorSettings:
    return OrchestratorSettings(nats=nats_settings, postgres=postgres_settings, look_every_s=1.0)


@asynccontextmanager
async def running(chassis: Chassis, settings: OrchestratorSettings, others: Others) -> AsyncIterator[None]:
    await chassis.require_database().migrate("tg_parser.orchestrator.migrations", "orchestrator")
    workers = Service("others", chassis=chassis, handlers=others.handlers())
    stop = asyncio.Event()
    services = asyncio.create_task(run_together([workers, assemble(chassis, settings)], stop))
    try:
        yield
    finally:
        others.hold.set()
        stop.set()
        await services


def request(location: str = "result.json", kind: str = "run") -> WorkflowRequested:
    return WorkflowRequested.model_validate(
        {
            "kind": kind,
            "at": datetime.now(UTC),
            "actor": "ann",
            "source": SourceSpec(kind="td_json", location=location) if kind == "run" else None,
            "target": ExportTarget(location="/out"),
        }
    )


async def events_of(chassis: Chassis, workflow_id: str) -> list[Message]:
    return [entry.message for entry in await chassis.log.load(workflow_id)]


async def ended(chassis: Chassis, workflow_id: str) -> list[Message]:
    async with asyncio.timeout(WITHIN):
        while True:
            events = await events_of(chassis, workflow_id)
            if events and isinstance(events[-1], TERMINAL):
                return events
            await asyncio.sleep(0.02)


async def held(chassis: Chassis, stream: str = subjects.JOBS) -> int:
    return (await chassis.nc.jetstream().stream_info(stream)).state.messages


async def until(measure: Callable[[], Awaitable[int]], wanted: Callable[[int], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while True:
            if wanted(await measure()):
                return
            await asyncio.sleep(0.02)


async def emptied(chassis: Chassis, stream: str) -> None:
    await until(lambda: held(chassis, stream), lambda number: number == 0)


async def test_a_run_goes_from_its_request_to_its_export(chassis: Chassis, settings: OrchestratorSettings) -> None:
    others = Others(messages=2000)  # more than the queue's window
    async with running(chassis, settings, others):
        await chassis.log.append("w1", [request()], expected_seq=0)
        events = await ended(chassis, "w1")
        names = [type(event).__name__ for event in events if not isinstance(event, StageProgressed)]
        assert sorted(names) == sorted(
            ["WorkflowRequested", "WorkflowStarted", *["StageStarted"] * 4, "WorkflowCompleted"]
            + [f"{stage}StageCompleted" for stage in ("Ingest", "Process", "Topicize", "Export")]
        )
        assert sorted(job.message.message_id for job in others.processed) == list(range(2000))
        processed = next(event for event in events if isinstance(event, ProcessStageCompleted))
        assert (processed.expected, processed.skipped) == (2000, {"empty": 2000})
        assert processed.last_seq == await chassis.log.last_seq(
            subjects.FACTS, subjects.fact_filter(MessageSkipped, "1001")
        )
        await emptied(chassis, subjects.JOBS)
        await emptied(chassis, subjects.TIMERS)
        await the_counts_are_the_rows(chassis)
        snapshot = await (await chassis.nc.jetstream().key_value(subjects.PROGRESS_BUCKET)).get("w1")
        assert json.loads(snapshot.value or b"")["workflow_id"] == "w1"


async def the_counts_are_the_rows(chassis: Chassis) -> None:
    async with chassis.require_database().begin() as connection:
        rows = await connection.execute(
            text("SELECT outcome, count(*) FROM orchestrator.workflow_item GROUP BY outcome ORDER BY outcome")
        )
        stage = await connection.execute(text("SELECT items, done, failed, skipped FROM orchestrator.workflow_stage"))
        assert [tuple(row) for row in rows] == [("skipped", 2000)]
        assert tuple(stage.one()) == (2000, 0, 0, 2000)


async def test_a_followed_source_is_looked_at_again_and_again_until_it_is_paused(
    chassis: Chassis, settings: OrchestratorSettings
) -> None:
    spec = SourceSpec(kind="web_preview", location="news", source_id="news")
    added = SourceAdded(source_id="news", at=chassis.clock(), spec=spec, follow_every=10)
    async with running(chassis, settings, Others(messages=0)):
        await chassis.facts.tell(added)
        await until(lambda: number_of_runs(chassis), lambda number: number == 1)
        (first,) = await runs_of(chassis)
        assert isinstance((await ended(chassis, first.workflow_id))[-1], WorkflowCompleted)
        await chassis.facts.tell(SourceHinted(source_id="news", at=chassis.clock()))
        await until(lambda: number_of_runs(chassis), lambda number: number == 2)
        runs = await runs_of(chassis)
        asked = (await events_of(chassis, runs[1].workflow_id))[0]
        assert isinstance(asked, WorkflowRequested)
        assert (asked.source, asked.lane, asked.target) == (
            spec.model_copy(update={"mode": "incremental"}),
            "bulk",
            None,
        )
        await ended(chassis, runs[1].workflow_id)
        await chassis.facts.tell(SourcePaused(source_id="news", at=chassis.clock()))
        await emptied(chassis, subjects.TIMERS)


async def runs_of(chassis: Chassis) -> list[SourceRunStarted]:
    found = await chassis.log.read_range(subjects.FACTS, subjects.SOURCE_SUBJECTS, from_seq=1, limit=100)
    return [entry.message for entry in found if isinstance(entry.message, SourceRunStarted)]


async def number_of_runs(chassis: Chassis) -> int:
    return len(await runs_of(chassis))


async def test_a_source_that_cannot_be_read_fails_with_its_sentence(
    chassis: Chassis, settings: OrchestratorSettings
) -> None:
    async with running(chassis, settings, Others(messages=0)):
        await chassis.log.append("w1", [request("nowhere")], expected_seq=0)
        failed = (await ended(chassis, "w1"))[-1]
        assert isinstance(failed, WorkflowFailed)
        assert failed.detail == "There is no such file."


async def test_an_empty_source_goes_through(chassis: Chassis, settings: OrchestratorSettings) -> None:
    async with running(chassis, settings, Others(messages=0)):
        await chassis.log.append("w1", [request()], expected_seq=0)
        assert isinstance((await ended(chassis, "w1"))[-1], WorkflowCompleted)


async def cancel(chassis: Chassis, workflow_id: str) -> None:
    """As the gateway does it: whoever appends in between is read, and it is tried again."""
    while True:
        last = (await chassis.log.load(workflow_id))[-1].seq
        asked = CancelRequested(at=chassis.clock(), actor="ann")
        with suppress(ConcurrencyError):
            await chassis.log.append(workflow_id, [asked], expected_seq=last)
            return


async def test_a_cancelled_workflow_leaves_no_jobs(chassis: Chassis, settings: OrchestratorSettings) -> None:
    others = Others(messages=1000)
    others.hold.clear()
    async with running(chassis, settings, others):
        await chassis.log.append("w1", [request()], expected_seq=0)

        await until(lambda: held(chassis), lambda number: number > settings.nats.window // 2)
        await cancel(chassis, "w1")
        assert isinstance((await ended(chassis, "w1"))[-1], WorkflowCancelled)
        await emptied(chassis, subjects.JOBS)
        assert len(others.processed) == 0
        others.hold.set()


async def test_a_stage_that_takes_too_long_is_told_by_the_server(
    chassis: Chassis, settings: OrchestratorSettings
) -> None:
    others = Others(messages=10)
    others.hold.clear()
    short = settings.model_copy(update={"deadlines": Deadlines(process=timedelta(seconds=1))})
    async with running(chassis, short, others):
        await chassis.log.append("w1", [request()], expected_seq=0)
        failed = (await ended(chassis, "w1"))[-1]
        assert isinstance(failed, WorkflowFailed)
        assert (failed.stage, failed.error_class) == ("process", "timeout")


async def test_jobs_that_left_no_outcome_are_issued_again(chassis: Chassis, settings: OrchestratorSettings) -> None:
    others = Others(messages=20)
    others.forgetful = True
    quick = settings.model_copy(update={"sweep_every_s": 0.2, "lost_after_s": 0.5})
    async with running(chassis, quick, others):
        await chassis.log.append("w1", [request()], expected_seq=0)
        assert isinstance((await ended(chassis, "w1"))[-1], WorkflowCompleted)
        assert len(others.processed) == 40


async def test_a_job_whose_workers_died_fails_its_message(chassis: Chassis, settings: OrchestratorSettings) -> None:
    others = Others(messages=1)
    others.hold.clear()
    js = chassis.nc.jetstream()
    async with running(chassis, settings, others):
        await chassis.log.append("w1", [request()], expected_seq=0)

        await until(lambda: chassis.log.last_seq(subjects.JOBS, "tg.job.process.>"), lambda seq: seq > 0)
        job = await js.get_last_msg(subjects.JOBS, "tg.job.process.>")
        advisory = {"stream": subjects.JOBS, "consumer": "process", "stream_seq": job.seq, "deliveries": 8}
        subject = subjects.ADVISORY_SUBJECTS[0].replace(">", f"{subjects.JOBS}.process")
        await chassis.nc.publish(subject, json.dumps(advisory).encode())
        assert getattr((await ended(chassis, "w1"))[-1], "result", None) == "partial"
        letter = await js.get_last_msg(subjects.DEAD_LETTERS, "tg.dlq.process.w1")
        assert (letter.headers or {})["tg-dlq-error-class"] == "WorkerDied"


async def test_two_orchestrators_take_each_step_once(
    chassis: Chassis, settings: OrchestratorSettings, nats_settings: NatsSettings, postgres_settings: PostgresSettings
) -> None:
    others = Others(messages=1500)
    stop = asyncio.Event()
    async with (
        running(chassis, settings, others),
        open_chassis("second", nats=nats_settings, postgres=postgres_settings, telemetry=TelemetrySettings()) as second,
    ):
        rival = asyncio.create_task(run_together([assemble(second, settings)], stop))
        await chassis.log.append("w1", [request()], expected_seq=0)
        events = await ended(chassis, "w1")
        stop.set()
        await rival
    names = [type(event).__name__ for event in events if not isinstance(event, StageProgressed)]
    assert (len(names), names.count("ProcessStageCompleted"), names[-1]) == (11, 1, "WorkflowCompleted")
    assert len({job.message.message_id for job in others.processed}) == 1500


async def test_a_workflow_goes_on_where_a_stopped_orchestrator_left_it(
    chassis: Chassis, settings: OrchestratorSettings
) -> None:
    others = Others(messages=800)
    others.hold.clear()
    await chassis.log.append("w1", [request()], expected_seq=0)
    async with running(chassis, settings, others):
        await until(lambda: held(chassis), lambda number: number > settings.nats.window // 2)
        others.hold.clear()
    async with (
        open_chassis("again", nats=settings.nats, postgres=settings.postgres, telemetry=TelemetrySettings()) as again,
        running(again, settings, others),
    ):
        assert isinstance((await ended(chassis, "w1"))[-1], WorkflowCompleted)
    assert {job.message.message_id for job in others.processed} == set(range(800))
