"""What tests of the chassis work with: posts, jobs about them, and a projection that shows every loss and every double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.jobs import JobConsumer, JobHandler
from tg_parser.chassis.middleware import JobMiddleware
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.service import Service
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import MessageIngested, TelegramMessage

TABLES = (
    "CREATE SCHEMA drill",
    "CREATE TABLE drill.seen (nth bigserial, seq bigint NOT NULL, post text NOT NULL)",
    "CREATE TABLE drill.projection_position (projection text PRIMARY KEY, last_seq bigint NOT NULL)",
)
INSERT = text(
    "INSERT INTO drill.seen (seq, post) SELECT * FROM unnest(cast(:seqs as bigint[]), cast(:posts as text[]))"
)


def post(number: int, *, content: str | None = None) -> MessageIngested:
    """The fact that post `number` of channel 1 was seen."""
    message = TelegramMessage(
        channel_id="1",
        message_id=number,
        date=datetime(2026, 1, 1, tzinfo=UTC),
        text=f"post {number}" if content is None else content,
    )
    return MessageIngested(message=message, content_hash=message.content_hash(), source_kind="td_json")


def posts(first: int, last: int) -> list[MessageIngested]:
    """The facts of posts `first` to `last`."""
    return [post(number) for number in range(first, last + 1)]


def process_job(number: int, workflow_id: str = "w1") -> ProcessMessage:
    """The job about post `number`."""
    fact = post(number)
    return ProcessMessage(workflow_id=workflow_id, message=fact.message, content_hash=fact.content_hash)


async def submit(chassis: Chassis, *jobs: ProcessMessage, traceparent: str = "") -> list[int]:
    """Put jobs into the queue; their sequences."""
    return [await _submit(chassis, job, traceparent) for job in jobs]


async def _submit(chassis: Chassis, job: ProcessMessage, traceparent: str) -> int:
    envelope = Envelope(
        id=f"{job.workflow_id}-{job.message.message_id}",
        type=job.wire_type(),
        source="test",
        time=chassis.clock(),
        workflow_id=job.workflow_id,
        traceparent=traceparent,
    )
    subject = subjects.job_subject(ProcessMessage, "bulk", job.workflow_id)
    return (await chassis.publisher.publish(subject, encode(job), envelope.headers())).seq


async def jobs_left(chassis: Chassis) -> int:
    """Jobs that nobody has settled yet."""
    return (await chassis.nc.jetstream().stream_info(subjects.JOBS)).state.messages


class Lossy:
    """A client on whose way some messages to callbacks are lost, as when a connection breaks at the wrong moment."""

    def __init__(self, nc: Client, loses: Callable[[Msg], bool]) -> None:
        self._nc = nc
        self._loses = loses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nc, name)

    async def subscribe(self, subject: str, cb: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Subscribe, and lose what is to be lost."""

        async def pass_on(message: Msg) -> None:
            if not self._loses(message):
                await cb(message)

        return await self._nc.subscribe(subject, cb=pass_on)

    @classmethod
    def client(cls, nc: Client, loses: Callable[[Msg], bool]) -> Client:
        """It, as what it stands for."""
        return cast(Client, cls(nc, loses))


class Seen:
    """A row for each fact folded, without any key: whatever is folded twice is there twice."""

    name = "drill.seen"
    filters = (subjects.fact_filter(MessageIngested),)
    tables = ("drill.seen",)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """Insert the batch."""
        facts = [entry.message for entry in batch]
        texts = [fact.message.text for fact in facts if isinstance(fact, MessageIngested)]
        await connection.execute(INSERT, {"seqs": [entry.seq for entry in batch], "posts": texts})


async def make_tables(chassis: Chassis) -> None:
    """Make what `Seen` needs."""
    async with chassis.require_database().begin() as connection:
        for statement in TABLES:
            await connection.execute(text(statement))


async def seen(chassis: Chassis) -> list[int]:
    """The sequences that were folded, in the order of the rows."""
    async with chassis.require_database().begin() as connection:
        return [int(row[0]) for row in await connection.execute(text("SELECT seq FROM drill.seen ORDER BY nth"))]


@asynccontextmanager
async def projecting(projector: Projector) -> AsyncIterator[Projector]:
    """The projector, at work."""
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        failed = task.done()
        await cancelled([task])
    assert not failed, f"The projector has ended: {task!r}"


@asynccontextmanager
async def consuming(
    chassis: Chassis, handler: JobHandler[Any], *, ack_wait: float = 60.0
) -> AsyncIterator[JobConsumer]:
    """A consumer of jobs, at work. One for each chassis."""
    consumer = JobConsumer(chassis, handler, ack_wait=ack_wait)
    broker = chassis.connection.broker
    broker.add_middleware(partial(JobMiddleware, consumers={handler.job.KIND: consumer}, telemetry=chassis.telemetry))
    await broker.start()
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop(grace=0.1)


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[Service]:
    """The service, at work; whatever it ends with is raised at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        await asyncio.wait({task, asyncio.create_task(service.started())}, return_when=asyncio.FIRST_COMPLETED)
        yield service
    finally:
        stop.set()
        await task
