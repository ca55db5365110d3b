from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.jobs import JobContext, JobHandler
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.service import Service
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import MessageIngested, TelegramMessage


def ingested(number: int) -> MessageIngested:
    message = TelegramMessage(
        channel_id="1", message_id=number, date=datetime(2026, 1, 1, tzinfo=UTC), text=f"post {number}"
    )
    return MessageIngested(message=message, content_hash=message.content_hash(), source_kind="td_json")


class Counting:
    name = "smoke.count"
    filters = (subjects.fact_filter(MessageIngested),)
    tables = ("smoke.seen",)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        await connection.execute(
            text("INSERT INTO smoke.seen SELECT * FROM unnest(cast(:refs as text[]))"),
            {"refs": [entry.message.source_ref for entry in batch]},
        )


async def test_facts_are_folded_jobs_are_handled_and_a_stop_is_clean(chassis: Chassis) -> None:
    database = chassis.require_database()
    async with database.begin() as connection:
        await connection.execute(text("CREATE SCHEMA smoke"))
        await connection.execute(text("CREATE TABLE smoke.seen (ref text PRIMARY KEY)"))
        await connection.execute(
            text("CREATE TABLE smoke.projection_position (projection text PRIMARY KEY, last_seq bigint NOT NULL)")
        )
    projector = Projector(Counting(), chassis)
    handled: list[int] = []

    async def handle(job: ProcessMessage, context: JobContext) -> None:
        handled.append(job.message.message_id)
        await context.facts.tell(MessageSkipped(channel_id="1", source_ref=job.message.source_ref, reason="empty"))

    service = Service(
        "smoke",
        chassis=chassis,
        projectors=[projector],
        handlers=[JobHandler(ProcessMessage, subjects.PROCESS_WORKERS, handle, concurrency=8)],
    )
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    await service.started()
    sequences = await chassis.facts.tell_all([ingested(number) for number in range(1, 2001)])
    assert sequences == list(range(1, 2001))
    await projector.wait_for(2000, timeout=20)
    async with database.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM smoke.seen"))).scalar_one() == 2000
    for number in range(1, 101):
        fact = ingested(number)
        job = ProcessMessage(workflow_id="w1", message=fact.message, content_hash=fact.content_hash)
        envelope = Envelope(
            id=f"job-{number}", type=job.wire_type(), source="test", time=chassis.clock(), workflow_id="w1"
        )
        await chassis.publisher.publish(
            subjects.job_subject(ProcessMessage, "bulk", "w1"), encode(job), envelope.headers()
        )
    while await chassis.log.last_seq(subjects.FACTS) < 2100:
        await asyncio.sleep(0.02)
    assert sorted(handled) == list(range(1, 101))
    info = await chassis.nc.jetstream().stream_info(subjects.JOBS)
    stop.set()
    await running
    assert info.state.messages == 0
