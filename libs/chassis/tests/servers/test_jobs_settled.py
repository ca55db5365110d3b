"""What becomes of a job: done, tried again, or dead-lettered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.jobs import JobContext, JobFailure, JobHandler
from tg_parser.chassis.provision import MAX_ATTEMPTS
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageFailed, MessageSkipped
from tg_parser.contracts.envelope import MESSAGE_ID, Envelope
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import consuming, jobs_left, process_job, submit
from tg_parser.testkit.waiting import eventually

TOLD_BY_THE_READ = {
    "Nats-Stream",
    "Nats-Subject",
    "Nats-Sequence",
    "Nats-Time-Stamp",
    "Nats-Num-Pending",
    "Nats-Last-Sequence",
}
SUBJECT = subjects.job_subject(ProcessMessage, "bulk", "w1")


def failed(job: ProcessMessage, failure: JobFailure) -> Sequence[MessageFailed]:
    return [
        MessageFailed(
            channel_id="1",
            source_ref=job.message.source_ref,
            error_class=failure.error_class,
            detail=failure.detail,
            attempts=failure.attempts,
        )
    ]


async def facts(chassis: Chassis) -> list[Recorded]:
    return await chassis.log.read_range(subjects.FACTS, subjects.FACT_SUBJECTS, from_seq=1, limit=100)


async def dead_letters(chassis: Chassis) -> list[Recorded]:
    return await chassis.log.read_range(subjects.DEAD_LETTERS, subjects.DEAD_LETTER_SUBJECTS, from_seq=1, limit=100)


async def terminations(chassis: Chassis) -> list[Recorded]:
    return await chassis.log.read_range(subjects.ADVISORIES, subjects.ADVISORY_SUBJECTS[1], from_seq=1, limit=100)


async def test_a_job_done_leaves_the_queue_and_its_facts_name_it_as_their_cause(chassis: Chassis) -> None:
    async def handle(job: ProcessMessage, context: JobContext) -> None:
        assert context.attempt == 1
        await context.facts.tell(MessageSkipped(channel_id="1", source_ref=job.message.source_ref, reason="empty"))

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    (told,) = await facts(chassis)
    assert (told.envelope.causation_id, told.envelope.workflow_id) == ("w1-1", "w1")


async def test_a_job_that_fails_for_now_is_tried_again_after_the_delay_and_then_done(chassis: Chassis) -> None:
    attempts: list[tuple[int, float]] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        attempts.append((context.attempt, chassis.clock().timestamp()))
        if context.attempt < 3:
            raise TransientError("The model is busy.", retry_in=0.2)

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=failed)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    assert [attempt for attempt, _ in attempts] == [1, 2, 3]
    waited = [later - earlier for (_, earlier), (_, later) in pairwise(attempts)]
    assert all(0.19 <= delay < 2 for delay in waited)
    assert await facts(chassis) == await dead_letters(chassis) == []


async def test_no_failure_is_tried_again_without_a_delay(chassis: Chassis) -> None:
    times: list[float] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        times.append(chassis.clock().timestamp())
        if context.attempt == 1:
            raise TransientError("Again at once, please.", retry_in=0)

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    assert times[1] - times[0] >= 0.09


async def test_a_job_out_of_attempts_is_dead_lettered_whole_with_its_failure_told_and_the_reason_given(
    chassis: Chassis,
) -> None:
    attempts: list[int] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        attempts.append(context.attempt)
        raise TransientError("Модель\nмолчит.", retry_in=0.1)

    (seq,) = await submit(chassis, process_job(1))
    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=failed)):
        await eventually(lambda: _is_empty(chassis))
    assert attempts == list(range(1, MAX_ATTEMPTS + 1))
    (fact,) = await facts(chassis)
    assert isinstance(fact.message, MessageFailed)
    assert (fact.message.error_class, fact.message.attempts) == ("TransientError", MAX_ATTEMPTS)
    assert fact.envelope.causation_id == "w1-1"
    (letter,) = await dead_letters(chassis)
    assert letter.subject == subjects.dead_letter_subject("process", "w1")
    assert letter.body == encode(process_job(1))
    headers = dict(letter.headers)
    assert headers.pop(MESSAGE_ID) != "w1-1"
    assert not [name for name in headers if name.lower().startswith("nats-") and name not in TOLD_BY_THE_READ]
    assert headers["ce-id"] == "w1-1"
    assert headers["tg-dlq-attempts"] == str(MAX_ATTEMPTS)
    assert headers["tg-dlq-error-class"] == "TransientError"
    assert headers["tg-dlq-reason"].isascii()
    assert (headers["tg-dlq-orig-subject"], headers["tg-dlq-orig-seq"]) == (SUBJECT, str(seq))
    (advice,) = await eventually(lambda: terminations(chassis))
    assert b'"reason":"\\\\u041c\\\\u043e' in advice.body


async def test_a_hopeless_job_is_dead_lettered_at_once(chassis: Chassis) -> None:
    async def handle(job: ProcessMessage, context: JobContext) -> None:
        raise PermanentError("The model refuses.")

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=failed)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    (letter,) = await dead_letters(chassis)
    assert (letter.headers["tg-dlq-attempts"], letter.headers["tg-dlq-reason"]) == ("1", "The model refuses.")
    assert [fact.type for fact in await facts(chassis)] == ["tg.message.failed.v1"]


@pytest.mark.parametrize(
    ("body", "headers", "error_class"),
    [
        (b"\xff\x00not json", {"ce-type": "tg.job.process.v1"}, "MalformedMessage"),
        (b'{"workflow_id": "w1"}', {"ce-type": "tg.job.process.v1"}, "MalformedMessage"),
        (b"{}", {"ce-type": "tg.job.unheard.v9"}, "UnknownMessageType"),
        (b'{"location": "/tmp", "workflow_id": "w1"}', {"ce-type": "tg.job.export.v1"}, "ValidationError"),
        (b"{}", {"ce-type": "tg.job.process.v1", "ce-time": "yesterday"}, "MalformedEnvelope"),
        (b"{}", None, "MalformedEnvelope"),
        (b"{}", {"ce-type": "tg.message.ingested.v1"}, "MalformedMessage"),
        (b"{}", {"ce-type": "tg.job.process.v1", "ce-workflowid": "a b.>"}, "MalformedMessage"),
    ],
    ids=[
        "no json",
        "wrong schema",
        "unknown type",
        "another job",
        "no date",
        "no headers",
        "no upcast",
        "odd workflow",
    ],
)
async def test_what_cannot_be_understood_is_dead_lettered_at_once_as_it_came_and_disturbs_nobody(
    chassis: Chassis, body: bytes, headers: dict[str, str] | None, error_class: str
) -> None:
    handled: list[int] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        handled.append(job.message.message_id)

    envelope = Envelope(id="1", type="x", source="test", time=chassis.clock(), workflow_id="w1").headers()
    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=failed)):
        await submit(chassis, process_job(1))
        await chassis.publisher.publish(SUBJECT, body, {} if headers is None else envelope | headers)
        await submit(chassis, process_job(2))
        await eventually(lambda: _is_empty(chassis))
    assert handled == [1, 2]
    (letter,) = await dead_letters(chassis)
    assert letter.body == body
    assert (letter.headers["tg-dlq-error-class"], letter.headers["tg-dlq-attempts"]) == (error_class, "1")


async def test_a_failure_that_cannot_be_told_does_not_keep_the_job_from_being_buried(chassis: Chassis) -> None:
    def unable(job: ProcessMessage, failure: JobFailure) -> Sequence[MessageFailed]:
        raise KeyError("a fault in the service")

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        raise PermanentError("no")

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=unable)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    assert len(await dead_letters(chassis)) == 1


async def test_the_longest_reason_fits_into_the_fact_of_the_failure(chassis: Chassis) -> None:
    async def handle(job: ProcessMessage, context: JobContext) -> None:
        raise PermanentError("x" * 10_000)

    async with consuming(chassis, JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, failed=failed)):
        await submit(chassis, process_job(1))
        await eventually(lambda: _is_empty(chassis))
    assert [fact.type for fact in await facts(chassis)] == ["tg.message.failed.v1"]


async def test_a_job_that_no_worker_survives_leaves_an_advisory(chassis: Chassis) -> None:
    js = chassis.nc.jetstream()
    info = await js.consumer_info(subjects.JOBS, subjects.PROCESS_WORKERS)
    await js.add_consumer(subjects.JOBS, config=replace(info.config, max_deliver=2))
    await submit(chassis, process_job(1))
    puller = await js.pull_subscribe_bind(subjects.PROCESS_WORKERS, subjects.JOBS)
    for _ in range(2):
        (job,) = await puller.fetch(1, timeout=5)
        await job.nak()
    with pytest.raises(TimeoutError):
        await puller.fetch(1, timeout=0.3)
    await puller.unsubscribe()
    assert await jobs_left(chassis) == 1
    (advice,) = await eventually(
        lambda: chassis.log.read_range(subjects.ADVISORIES, subjects.ADVISORY_SUBJECTS[0], from_seq=1, limit=10)
    )
    assert b'"stream_seq":1' in advice.body


async def _is_empty(chassis: Chassis) -> bool:
    return await jobs_left(chassis) == 0
