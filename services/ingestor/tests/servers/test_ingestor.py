"""The ingestor on a real broker and real tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.jobs import JobContext
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.settings import NatsSettings, PostgresSettings
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import IngestSource
from tg_parser.contracts.messages import (
    IngestCompleted,
    IngestPageCommitted,
    IngestRefused,
    MessageEdited,
    MessageIngested,
    SourceSpec,
)
from tg_parser.contracts.model import Fact, Message
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.adapters.known_messages import OpenStoredKnowledge
from tg_parser.ingestor.adapters.known_projection import KnownProjection
from tg_parser.ingestor.adapters.log_facts import LogFacts
from tg_parser.ingestor.adapters.object_originals import ObjectOriginals
from tg_parser.ingestor.handlers import ReadSource
from tg_parser.ingestor.main import build
from tg_parser.ingestor.settings import IngestorSettings

pytestmark = pytest.mark.servers

Post = Callable[..., dict[str, Any]]
WriteExport = Callable[..., Path]
M = TypeVar("M", bound=Message)


def job(workflow_id: str, path: Path, page_size: int = 2) -> IngestSource:
    return IngestSource(
        workflow_id=workflow_id, source=SourceSpec(kind="td_json", location=str(path)), page_size=page_size
    )


def envelope(chassis: Chassis, work: IngestSource) -> Envelope:
    return Envelope(
        id=f"job-{work.workflow_id}",
        type=work.wire_type(),
        source="test",
        time=chassis.clock(),
        workflow_id=work.workflow_id,
    )


async def facts(chassis: Chassis, kind: type[M]) -> list[M]:
    found = await chassis.log.read_range(subjects.FACTS, subjects.FACT_SUBJECTS, from_seq=1, limit=10_000)
    return [entry.message for entry in found if isinstance(entry.message, kind)]


async def told(chassis: Chassis, kind: type[Message]) -> None:
    while True:
        if await facts(chassis, kind):
            return
        await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Dying(FactWriter):
    """Tells a page's facts, and is gone before the page is committed."""

    async def tell(self, fact: Fact) -> int:
        if isinstance(fact, IngestPageCommitted) and fact.page == 1:
            raise TransientError("The worker died here.")
        return await FactWriter.tell(self, fact)


@dataclass(frozen=True, slots=True)
class Bench:
    """The handler with real tables and a real log, without the queue."""

    chassis: Chassis
    projector: Projector
    handler: ReadSource

    async def read(self, work: IngestSource, *, dying: bool = False) -> None:
        cause = envelope(self.chassis, work)
        writer = self.chassis.facts.because_of(cause)
        if dying:
            writer = Dying(writer.publisher, writer.source, writer.clock, writer.telemetry, cause)
        await self.handler(work, JobContext(cause, writer, self.chassis.control, 1))

    async def rows(self, table: str) -> list[tuple[Any, ...]]:
        await self.projector.wait_until_current(timeout=20)
        async with self.chassis.require_database().begin() as connection:
            return [
                tuple(row) for row in await connection.execute(text(f"SELECT * FROM ingestor.{table} ORDER BY 1, 2"))
            ]


@asynccontextmanager
async def projecting(projector: Projector) -> AsyncIterator[None]:
    running = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(chassis: Chassis, tmp_path: Path) -> AsyncIterator[Bench]:
    database = chassis.require_database()
    await database.migrate("tg_parser.ingestor.migrations", "ingestor")
    projector = Projector(KnownProjection(), chassis)
    caught_up = partial(projector.wait_until_current, timeout=20)
    js = chassis.nc.jetstream()
    handler = ReadSource(
        {"td_json": DesktopExports((tmp_path,))},
        OpenStoredKnowledge(database, caught_up, LogFacts(js)),
        ObjectOriginals(js),
        chassis.clock,
        page_size=500,
    )
    async with projecting(projector):
        yield Bench(chassis, projector, handler)


async def test_a_source_becomes_facts_and_a_second_reading_finds_them_known(
    bench: Bench, write_export: WriteExport, post: Post
) -> None:
    path = write_export(post(1), post(2, type="odd"), post(3), post(4))
    await bench.read(job("w1", path))
    await bench.read(job("w2", path))
    assert [fact.message.message_id for fact in await facts(bench.chassis, MessageIngested)] == [1, 3, 4]
    first, second = await facts(bench.chassis, IngestCompleted)
    assert (first.expected, first.pages, first.ingested, first.rejected) == (3, 2, 3, 1)
    assert (second.expected, second.pages, second.known, second.rejected) == (3, 2, 3, 1)
    pages = await facts(bench.chassis, IngestPageCommitted)
    assert [known.seq for page in pages for known in page.known] == [2, 4, 5]


async def test_an_edited_post_is_told_once_and_an_older_export_changes_nothing(
    bench: Bench, write_export: WriteExport, post: Post
) -> None:
    await bench.read(job("w1", write_export(post(1))))
    edited = {"text": "исправлено", "text_entities": [], "edited_unixtime": "1767312000"}
    await bench.read(job("w2", write_export(post(1, **edited))))
    await bench.read(job("w3", write_export(post(1))))
    (edit,) = await facts(bench.chassis, MessageEdited)
    assert (edit.revision, edit.message.text) == (1, "исправлено")
    ends = await facts(bench.chassis, IngestCompleted)
    assert [(end.ingested, end.edited, end.known) for end in ends] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


async def test_a_worker_that_dies_before_a_commit_leaves_no_doubles(
    bench: Bench, write_export: WriteExport, post: Post
) -> None:
    work = job("w1", write_export(*(post(number) for number in range(1, 8))))
    with pytest.raises(TransientError, match="died here"):
        await bench.read(work, dying=True)
    assert len(await facts(bench.chassis, IngestPageCommitted)) == 1
    await bench.read(work)
    assert [fact.message.message_id for fact in await facts(bench.chassis, MessageIngested)] == list(range(1, 8))
    pages = await facts(bench.chassis, IngestPageCommitted)
    assert [(page.page, page.cursor, page.ingested, page.cumulative) for page in pages] == [
        (0, 2, 2, 2),
        (1, 4, 2, 4),
        (2, 6, 2, 6),
        (3, 7, 1, 7),
    ]
    (end,) = await facts(bench.chassis, IngestCompleted)
    assert (end.expected, end.ingested, end.known) == (7, 7, 0)


async def test_a_job_that_was_done_tells_nothing_again(bench: Bench, write_export: WriteExport, post: Post) -> None:
    work = job("w1", write_export(post(1)))
    await bench.read(work)
    before = await bench.chassis.log.last_seq(subjects.FACTS)
    await replace(bench, handler=replace(bench.handler, sources={})).read(work)  # it does not even look for the source
    assert await bench.chassis.log.last_seq(subjects.FACTS) == before


async def test_what_the_last_holder_of_a_channel_told_is_known_before_it_is_read(bench: Bench) -> None:
    waits = 0

    async def caught_up() -> None:
        nonlocal waits
        waits += 1

    async with OpenStoredKnowledge(bench.chassis.require_database(), caught_up, LogFacts(bench.chassis.nc.jetstream()))(
        "w1"
    ) as knowledge:
        assert waits == 1
        await knowledge.claim("5")
        await knowledge.claim("6")
        await knowledge.claim("5")
        assert waits == 3


async def test_a_channel_is_free_again_when_its_reading_ends_or_fails(bench: Bench) -> None:
    async def claim_and(fail: bool) -> None:
        async with asyncio.timeout(5), bench.handler.open_knowledge("w1") as knowledge:
            await knowledge.claim("5")
            if fail:
                raise TransientError("The worker died.")

    for fail in (True, False):
        with suppress(TransientError):
            await claim_and(fail)
    await claim_and(fail=False)


async def test_two_workflows_that_read_one_channel_at_once_tell_each_message_once(
    bench: Bench, write_export: WriteExport, post: Post
) -> None:
    path = write_export(*(post(number) for number in range(1, 40)))
    await asyncio.gather(*(bench.read(job(f"w{number}", path)) for number in range(3)))
    assert [fact.message.message_id for fact in await facts(bench.chassis, MessageIngested)] == list(range(1, 40))
    ends = await facts(bench.chassis, IngestCompleted)
    assert sorted((end.expected, end.ingested, end.known) for end in ends) == [(39, 0, 39), (39, 0, 39), (39, 39, 0)]


async def test_a_source_that_cannot_be_read_is_refused_once(bench: Bench, tmp_path: Path) -> None:
    work = job("w1", tmp_path / "missing.json")
    await bench.read(work)
    await bench.read(work)
    assert [fact.reason for fact in await facts(bench.chassis, IngestRefused)] == [
        f"{tmp_path}/missing.json does not exist."
    ]


async def test_a_kind_of_source_that_is_not_known_is_refused(bench: Bench) -> None:
    source = SourceSpec(kind="takeout", location="/x")
    await bench.read(IngestSource(workflow_id="w1", source=source))
    assert [fact.reason for fact in await facts(bench.chassis, IngestRefused)] == [
        "Sources of the kind takeout cannot be read here."
    ]


async def test_a_rebuilt_projection_is_the_same(bench: Bench, write_export: WriteExport, post: Post) -> None:
    await bench.read(job("w1", write_export(post(1), post(2), post(3))))
    await bench.read(
        job(
            "w2",
            write_export(post(1, text="b", text_entities=[], edited_unixtime="1767312000"), post(2), name="Другое имя"),
        )
    )
    tables = ("message", "channel", "progress", "finished")
    before = {table: await bench.rows(table) for table in tables}
    again = Projector(KnownProjection(), bench.chassis, batch_size=2)
    await again.rebuild()
    async with projecting(again):
        await again.wait_until_current(timeout=20)
        assert {table: await bench.rows(table) for table in tables} == before
    assert [row[2] for row in before["message"]] == [1, 0, 0]


async def test_a_job_from_the_queue_is_done_by_the_service(
    chassis: Chassis,
    nats_settings: NatsSettings,
    postgres_settings: PostgresSettings,
    write_export: WriteExport,
    post: Post,
) -> None:
    path = write_export(*(post(number) for number in range(1, 8)))
    settings = IngestorSettings(nats=nats_settings, postgres=postgres_settings, import_roots=(path.parent,))
    async with build(settings) as service:
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        await service.started()
        work = job("w1", path)
        subject = subjects.job_subject(IngestSource, "interactive", "w1")
        await chassis.publisher.publish(subject, encode(work), envelope(chassis, work).headers())
        async with asyncio.timeout(30):
            await told(chassis, IngestCompleted)
        stop.set()
        await running
    (end,) = await facts(chassis, IngestCompleted)
    assert (end.expected, end.pages) == (7, 4)
    info = await chassis.nc.jetstream().stream_info(subjects.JOBS)
    assert info.state.messages == 0
