"""Erasing on a real broker and real tables."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.jobs import JobContext
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageFailed
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested, TopicsRewritten
from tg_parser.contracts.jobs import IngestSource, ProcessMessage
from tg_parser.contracts.messages import CountedIn, MessageErased, MessageIngested, SourceSpec, TelegramMessage
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.adapters.erasure_tables import ErasureTables
from tg_parser.ingestor.adapters.known_messages import OpenStoredKnowledge
from tg_parser.ingestor.adapters.known_projection import KnownProjection
from tg_parser.ingestor.adapters.log_facts import LogFacts
from tg_parser.ingestor.adapters.object_originals import ObjectOriginals
from tg_parser.ingestor.adapters.text_streams import ToldTopics, dead_letters, facts, jobs
from tg_parser.ingestor.erasing import Erase
from tg_parser.ingestor.handlers import ReadSource
from tg_parser.ingestor.originals import unpack

pytestmark = pytest.mark.servers

CHANNEL = "1234567890"
WORD = "zqxmarker"
Post = Callable[..., dict[str, Any]]
WriteExport = Callable[..., Path]


def ref(number: int) -> str:
    return f"tg:{CHANNEL}:post:{number}"


def says(words: str) -> dict[str, Any]:
    """Members of a post with these words."""
    return {"text": words, "text_entities": [{"type": "plain", "text": words}]}


@dataclass(frozen=True, slots=True)
class Dying(FactWriter):
    """Is gone before it tells that anything is erased."""

    async def tell_all(self, facts: Any) -> list[int]:
        del facts
        raise TransientError("The worker died here.")


@dataclass(frozen=True, slots=True)
class Bench:
    """Reading and erasing on real servers, without the queue."""

    chassis: Chassis
    projector: Projector
    read_source: ReadSource
    originals: ObjectOriginals
    erase: Erase

    async def read(self, path: Path, workflow_id: str) -> None:
        work = IngestSource(workflow_id=workflow_id, source=SourceSpec(kind="td_json", location=str(path)))
        cause = self.envelope(work.wire_type(), workflow_id)
        context = JobContext(cause, self.chassis.facts.because_of(cause), self.chassis.control, 1)
        await self.read_source(work, context)

    def envelope(self, wire_type: str, name: str) -> Envelope:
        return Envelope(
            id=name, type=wire_type, source="test", time=self.chassis.clock(), workflow_id=name.partition("/")[0]
        )

    async def ask(self, request: ErasureRequested | ChannelErasureRequested) -> Recorded:
        """Tell a request, and the topicizer's answer to it."""
        seq = await self.chassis.facts.tell(request)
        if isinstance(request, ErasureRequested):
            answer = TopicsRewritten(erasure_id=request.erasure_id, part=request.part, channel_id=request.channel_id)
            await self.chassis.facts.tell(answer)
        return Recorded(seq, "tg.evt", {"ce-type": request.wire_type()}, encode(request))

    async def done(self, asked: Recorded) -> None:
        """Deliver a request until it is done, as the durable does."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self.erase(asked)
                except Postponed:
                    continue

    async def told(self, kind: type[Fact]) -> list[Any]:
        pages = self.chassis.log.pages(subjects.FACTS, subjects.fact_filter(kind))
        return [entry.message async for page in pages for entry in page]

    async def bodies_with(self, word: str) -> list[str]:
        """The subjects of whatever holds the word, and the names of objects that do."""
        found: list[str] = []
        for stream, subject in (("TG_EVT", "tg.evt.>"), ("TG_JOB", "tg.job.>"), ("TG_DLQ", "tg.dlq.>")):
            async for page in self.chassis.log.pages(stream, subject):
                found += [entry.subject for entry in page if word.encode() in entry.body]
        return found


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
    js = chassis.nc.jetstream()
    knowledge = OpenStoredKnowledge(database, partial(projector.wait_until_current, timeout=20), LogFacts(js))
    originals = ObjectOriginals(js)
    reading = ReadSource({"td_json": DesktopExports((tmp_path,))}, knowledge, originals, chassis.clock, page_size=500)
    streams = [stream(js, chassis.log) for stream in (jobs, dead_letters, facts)]
    desk = ErasureTables(database, knowledge)
    erase = Erase(desk, streams, originals, ToldTopics(chassis.log), chassis.facts, chassis.clock, settle=0.05)
    async with projecting(projector):
        yield Bench(chassis, projector, reading, originals, erase)


def request(*refs: str, name: str = "e") -> ErasureRequested:
    return ErasureRequested(erasure_id=name, channel_id=CHANNEL, source_refs=refs, at=datetime(2026, 3, 1, tzinfo=UTC))


async def waiting_job(bench: Bench, number: int) -> None:
    """A job nobody takes, and a dead letter of the same message, and what was told of its failure."""
    message = TelegramMessage.model_validate(
        {"channel_id": CHANNEL, "message_id": number, "date": bench.chassis.clock(), "text": f"{WORD} {number}"}
    )
    job = ProcessMessage(workflow_id="w", message=message, content_hash=message.content_hash())
    headers = bench.envelope(job.wire_type(), f"w/{number}").headers()
    await bench.chassis.publisher.publish(subjects.job_subject(ProcessMessage, "bulk", "w"), encode(job), headers)
    await bench.chassis.publisher.publish(subjects.dead_letter_subject("process", "w"), encode(job), headers)
    failed = MessageFailed(
        channel_id=CHANNEL, source_ref=ref(number), error_class="E", detail=f"{WORD} {number}", attempts=5
    )
    await bench.chassis.facts.tell(failed)


async def test_facts_jobs_dead_letters_and_originals_lose_the_text_and_the_others_keep_theirs(
    bench: Bench, post: Post, write_export: WriteExport
) -> None:
    path = write_export(*(post(number, **says(f"{WORD} {number}")) for number in (1, 2, 3)))
    await bench.read(path, "w")
    for number in (1, 2):
        await waiting_job(bench, number)
    await bench.done(await bench.ask(request(ref(1), ref(3))))
    assert await bench.bodies_with(f"{WORD} 1") == []
    assert await bench.bodies_with(f"{WORD} 3") == []
    left = await bench.bodies_with(f"{WORD} 2")
    assert [subject.split(".")[1] for subject in left] == ["evt", "evt", "job", "dlq"]
    packed = await bench.originals.get("originals/w/0/0")
    assert packed is not None
    assert {entry.ref for entry in unpack(packed)} == {ref(2)}
    told = {fact.source_ref: fact.counted_in for fact in await bench.told(MessageErased)}
    assert told == {ref(1): (CountedIn(workflow_id="w"),), ref(3): (CountedIn(workflow_id="w"),)}


async def test_an_erased_message_is_not_taken_again_from_any_source_not_even_after_a_rebuild(
    bench: Bench, post: Post, write_export: WriteExport
) -> None:
    path = write_export(post(1), post(2))
    await bench.read(path, "w")
    await bench.done(await bench.ask(request(ref(1), ref(9))))
    await bench.projector.rebuild()
    path = write_export(post(1, **says("Edited meanwhile")), post(2), post(9, **says("Never seen before")))
    await bench.read(path, "again")
    assert [fact.source_ref for fact in await bench.told(MessageIngested)] == [ref(2)]


async def test_a_worker_that_died_after_deleting_is_followed_by_one_that_finishes(
    bench: Bench, post: Post, write_export: WriteExport
) -> None:
    await bench.read(write_export(post(1, **says(WORD))), "w")
    asked = await bench.ask(request(ref(1)))
    whole = bench.erase.facts
    writer = Dying(whole.publisher, whole.source, whole.clock, whole.telemetry)
    with pytest.raises(TransientError, match="died"):
        await replace(bench, erase=replace(bench.erase, facts=writer)).done(asked)
    assert await bench.bodies_with(WORD) == []
    assert await bench.told(MessageErased) == []
    await bench.done(asked)
    await bench.done(asked)
    (told,) = await bench.told(MessageErased)
    assert told.counted_in == (CountedIn(workflow_id="w"),)


async def test_of_an_erased_channel_nothing_is_taken_any_more_and_other_channels_stay(
    bench: Bench, post: Post, write_export: WriteExport
) -> None:
    await bench.read(write_export(post(1, **says(WORD)), post(2, **says(WORD))), "w")
    await bench.read(write_export(post(1, **says("Elsewhere")), id=77, name="Other"), "other")
    whole = ChannelErasureRequested(erasure_id="all", channel_id=CHANNEL, at=bench.chassis.clock())
    await bench.done(await bench.ask(whole))
    (part,) = await bench.told(ErasureRequested)
    assert part.source_refs == (ref(1), ref(2))
    await bench.done(await bench.ask(part))
    await bench.projector.rebuild()
    await bench.read(write_export(post(2, **says(WORD)), post(3, **says(WORD))), "again")
    assert await bench.bodies_with(WORD) == []
    assert [fact.source_ref for fact in await bench.told(MessageIngested)] == ["tg:77:post:1"]


async def test_the_bytes_are_overwritten_on_the_disk(
    bench: Bench, post: Post, write_export: WriteExport, tmp_path: Path
) -> None:
    await bench.read(write_export(post(1, **says(WORD)), post(2)), "w")
    if os.environ.get("E2E_BACKEND") == "docker":
        pytest.skip("The broker's files are out of reach: it runs in a container.")
    (folder,) = (tmp_path / "nats-data").rglob("TG_EVT")
    assert any(WORD.encode() in path.read_bytes() for path in folder.rglob("*.blk"))
    await bench.done(await bench.ask(request(ref(1))))
    assert not any(WORD.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
