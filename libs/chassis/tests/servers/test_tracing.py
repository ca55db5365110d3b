from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.errors import PermanentError
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.chassis.telemetry import continuing
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import Seen, consuming, jobs_left, make_tables, post, process_job, projecting, submit
from tg_parser.testkit.otlp import OtlpReceiver
from tg_parser.testkit.waiting import eventually


class Outcomes(Seen):
    filters = (subjects.fact_filter(MessageSkipped),)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """What matters here is that they are folded."""


Tracing = Callable[[], AbstractAsyncContextManager[Chassis]]


@pytest.fixture
def tracing(nats_settings: NatsSettings, postgres_settings: PostgresSettings, otlp_receiver: OtlpReceiver) -> Tracing:
    """Opens a chassis whose spans have all been received when it is left."""

    def opened() -> AbstractAsyncContextManager[Chassis]:
        telemetry = TelemetrySettings.model_validate({"OTEL_EXPORTER_OTLP_ENDPOINT": otlp_receiver.endpoint})
        return open_chassis("traced", nats=nats_settings, postgres=postgres_settings, telemetry=telemetry)

    return opened


async def test_a_message_and_all_that_follows_from_it_are_one_trace(
    tracing: Tracing, otlp_receiver: OtlpReceiver
) -> None:
    async def handle(job: ProcessMessage, context: JobContext) -> None:
        await context.facts.tell(MessageSkipped(channel_id="1", source_ref=job.message.source_ref, reason="empty"))

    handler = JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle)
    async with tracing() as traced:
        await make_tables(traced)
        async with projecting(Projector(Outcomes(), traced)) as projector, consuming(traced, handler):
            seq = await traced.facts.tell(post(1))
            (ingested,) = await traced.log.read_range(subjects.FACTS, subjects.FACT_SUBJECTS, from_seq=seq, limit=1)
            await submit(traced, process_job(1), traceparent=ingested.envelope.traceparent)
            await eventually(lambda: projector.position == 2)
    spans = {span.name: span for span in otlp_receiver.spans}
    sent, processed = spans["send tg.message.ingested.v2"], spans["process process"]
    outcome, folded = spans["send tg.message.skipped.v1"], spans["fold drill.seen"]
    assert {span.trace_id for span in spans.values()} == {sent.trace_id}
    assert [sent.parent_id, processed.parent_id, outcome.parent_id, folded.parent_id] == [
        "",
        sent.span_id,
        processed.span_id,
        outcome.span_id,
    ]
    assert {span.service for span in spans.values()} == {"tg-parser-traced"}
    assert processed.attributes["tg.workflow_id"] == "w1"
    assert folded.attributes["tg.stream_sequence"] == "2"
    assert sent.links == ()


async def test_messages_that_enter_together_are_traces_of_their_own_linked_to_what_brought_them(
    tracing: Tracing, otlp_receiver: OtlpReceiver
) -> None:
    parent = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    async with tracing() as traced:
        with continuing(parent):
            await traced.facts.tell_all([post(1), post(2)])
    assert len({span.trace_id for span in otlp_receiver.spans} | {"ab" * 16}) == 3
    assert [span.links for span in otlp_receiver.spans] == [("cd" * 8,)] * 2


async def test_a_span_of_a_failed_job_names_the_kind_of_error_and_no_text(
    tracing: Tracing, otlp_receiver: OtlpReceiver
) -> None:
    async def handle(job: ProcessMessage, context: JobContext) -> None:
        raise PermanentError("secret text of a post")

    async with tracing() as traced, consuming(traced, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle)):
        await submit(traced, process_job(1))
        await eventually(lambda: _is_empty(traced))
    (span,) = otlp_receiver.spans
    assert (span.name, span.attributes["error.type"], span.status) == (
        "process process",
        "PermanentError",
        "PermanentError",
    )
    assert "secret" not in str(span)


async def _is_empty(chassis: Chassis) -> bool:
    return await jobs_left(chassis) == 0


async def test_without_an_endpoint_nothing_is_traced_and_messages_carry_no_context(chassis: Chassis) -> None:
    await chassis.facts.tell(post(1))
    (entry,) = await chassis.log.read_range(subjects.FACTS, subjects.FACT_SUBJECTS, from_seq=1, limit=1)
    assert entry.envelope.traceparent == ""
