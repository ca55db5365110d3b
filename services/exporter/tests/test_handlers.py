from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from tg_parser.chassis.database import open_database
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.chassis.settings import PostgresSettings
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.jobs import Export, JobFailed
from tg_parser.contracts.knowledge import Artifact, ExportCompleted, ExportRefused, Manifest
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import TopicCard, TopicOpened
from tg_parser.exporter.adapters.folder import LocalFolders
from tg_parser.exporter.adapters.postgres_rows import PostgresKnowledgeBase
from tg_parser.exporter.domain.manifest import manifest
from tg_parser.exporter.domain.rows import ChannelName, CommentRow, Extent, MessageRow, TopicRow
from tg_parser.exporter.draft import Written
from tg_parser.exporter.handlers import LISTED, WriteExport, completed, failed
from tg_parser.exporter.settings import ExporterSettings


@dataclass
class MemoryBase:
    """`KnowledgeBase` of rows at hand, which are a snapshot of themselves."""

    rows: Sequence[MessageRow] = ()
    stories: Sequence[TopicRow] = ()
    spoken: Sequence[CommentRow] = ()
    position: int = 7

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[MemoryBase]:
        yield self

    async def extent(self) -> Extent:
        return Extent(self.position, {"77": ChannelName("The Daily")}, (), 0, ())

    async def messages(self) -> AsyncGenerator[Sequence[MessageRow], None]:
        for row in self.rows:
            yield [row]

    async def comments(self) -> AsyncGenerator[Sequence[CommentRow], None]:
        for row in self.spoken:
            yield [row]

    async def topics(self) -> AsyncGenerator[Sequence[TopicRow], None]:
        for row in self.stories:
            yield [row]


@dataclass
class Endless(MemoryBase):
    """A read model that stops answering after its last message."""

    stuck: asyncio.Event = field(default_factory=asyncio.Event)

    async def topics(self) -> AsyncGenerator[Sequence[TopicRow], None]:
        self.stuck.set()
        await asyncio.Event().wait()
        yield []


@dataclass
class Desk:
    """A handler with everything around it, and what it told."""

    base: MemoryBase
    roots: Sequence[Path]
    cancelled_workflow: bool = False
    told: list[Fact] = field(default_factory=list[Fact])
    waited: list[int] = field(default_factory=list[int])

    @property
    def facts(self) -> Desk:
        return self

    async def tell(self, fact: Fact) -> int:
        self.told.append(fact)
        return len(self.told)

    def cancelled(self) -> bool:
        return self.cancelled_workflow

    async def caught_up(self, seq: int) -> int:
        self.waited.append(seq)
        return seq

    async def do(self, job: Export) -> Fact:
        handler = WriteExport(self.caught_up, self.base, LocalFolders(self.roots))
        await handler(job, cast(JobContext, self))
        return self.told[-1]


@pytest.fixture
def base(
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    topic: Callable[..., TopicOpened],
    message_row: Callable[..., MessageRow],
    topic_row: Callable[..., TopicRow],
) -> MemoryBase:
    rows = [message_row(ingested(number), processed(number)) for number in (1, 2, 3)]
    return MemoryBase(rows, [topic_row(topic("tg:77:post:1")), topic_row(topic("tg:77:post:2"))])


def job(location: Path, *, pretty: bool = False) -> Export:
    return Export(workflow_id="w1", location=str(location), after_seq=6, pretty=pretty)


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


async def test_an_export_waits_for_its_read_model_and_tells_what_it_wrote(base: MemoryBase, tmp_path: Path) -> None:
    desk = Desk(base, [tmp_path])
    told = await desk.do(job(tmp_path / "kb"))
    assert desk.waited == [6]
    assert isinstance(told, ExportCompleted)
    assert (told.location, told.log_position) == (str(tmp_path / "kb"), 7)
    assert {file.name: file.rows for file in told.artifacts} == {
        "manifest.json": 1,
        "kb_entries.ndjson": 5,
        "topics.json": 2,
        "topic_topic_tg_77_post_1.json": 1,
        "topic_topic_tg_77_post_2.json": 1,
    }


@pytest.mark.parametrize("pretty", [False, True])
async def test_files_are_sorted_utf8_with_line_feeds(base: MemoryBase, tmp_path: Path, pretty: bool) -> None:
    await Desk(base, [tmp_path]).do(job(tmp_path / "kb", pretty=pretty))
    files = contents(tmp_path / "kb")
    lines = files["kb_entries.ndjson"].decode().splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert ids == sorted(ids)
    cards = [TopicCard.model_validate(card) for card in json.loads(files["topics.json"])]
    assert [card.id for card in cards] == ["topic:tg:77:post:1", "topic:tg:77:post:2"]
    assert Manifest.model_validate_json(files["manifest.json"]).counts["entries"] == 5
    for body in files.values():
        assert body.endswith(b"\n")
        assert b"\r" not in body
    for line in lines:
        assert line == json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


async def test_pretty_and_compact_files_say_the_same(base: MemoryBase, tmp_path: Path) -> None:
    await Desk(base, [tmp_path]).do(job(tmp_path / "a"))
    await Desk(base, [tmp_path]).do(job(tmp_path / "b", pretty=True))
    compact, pretty = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert compact["topics.json"] != pretty["topics.json"]
    for name in ("topics.json", "topic_topic_tg_77_post_1.json"):
        assert json.loads(compact[name]) == json.loads(pretty[name])


async def test_an_empty_knowledge_base_is_exported_too(tmp_path: Path) -> None:
    await Desk(MemoryBase(), [tmp_path]).do(job(tmp_path / "kb"))
    files = contents(tmp_path / "kb")
    assert (files["kb_entries.ndjson"], files["topics.json"]) == (b"", b"[]\n")


async def test_a_redelivered_job_writes_the_same_bytes_and_tells_the_same(base: MemoryBase, tmp_path: Path) -> None:
    desk = Desk(base, [tmp_path])
    first = await desk.do(job(tmp_path / "kb"))
    before = contents(tmp_path / "kb")
    assert await desk.do(job(tmp_path / "kb")) == first
    assert contents(tmp_path / "kb") == before


async def test_a_place_that_is_not_allowed_is_refused_without_waiting(base: MemoryBase, tmp_path: Path) -> None:
    desk = Desk(base, [])
    told = await desk.do(job(tmp_path / "kb"))
    assert isinstance(told, ExportRefused)
    assert desk.waited == []
    assert not (tmp_path / "kb").exists()


async def test_a_folder_that_cannot_be_written_is_a_refusal(base: MemoryBase, tmp_path: Path) -> None:
    (tmp_path / "kb").write_text("a file")
    told = await Desk(base, [tmp_path]).do(job(tmp_path / "kb"))
    assert told == ExportRefused(reason=f"{tmp_path / 'kb'} is not a folder.")


async def test_a_folder_in_use_is_tried_again_later(base: MemoryBase, tmp_path: Path) -> None:
    held = LocalFolders([tmp_path]).open(tmp_path / "kb")
    desk = Desk(base, [tmp_path])
    with pytest.raises(TransientError):
        await desk.do(job(tmp_path / "kb"))
    held.close()
    assert desk.told == []


async def test_an_export_that_is_stopped_midway_leaves_the_earlier_one(base: MemoryBase, tmp_path: Path) -> None:
    desk = Desk(base, [tmp_path])
    await desk.do(job(tmp_path / "kb"))
    before = contents(tmp_path / "kb")
    desk.base = endless = Endless(base.rows)
    exporting = asyncio.create_task(desk.do(job(tmp_path / "kb")))
    await endless.stuck.wait()
    exporting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exporting
    assert contents(tmp_path / "kb") == before
    LocalFolders([tmp_path]).open(tmp_path / "kb").close()


async def test_a_read_model_that_is_away_is_tried_again_later() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dsn = f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/none"
        async with open_database("exporter", PostgresSettings(dsn=SecretStr(dsn))) as database:
            with pytest.raises(TransientError, match="read model cannot be read"):
                async with PostgresKnowledgeBase(database).snapshot():
                    pytest.fail("nobody answers")


async def test_a_cancelled_workflow_gets_no_files(base: MemoryBase, tmp_path: Path) -> None:
    desk = Desk(base, [tmp_path], cancelled_workflow=True)
    with pytest.raises(IndexError):
        await desk.do(job(tmp_path / "kb"))
    assert not (tmp_path / "kb").exists()


def test_a_fact_names_no_more_files_than_a_message_can_hold(tmp_path: Path) -> None:
    files = tuple(
        Artifact(name=f"topic_{number}.json", sha256="0" * 64, bytes=1, rows=1) for number in range(LISTED + 1)
    )
    written = Written(manifest(Extent(7, {}, (), 0, ()), files, messages=0, topics=len(files)), files)
    fact = completed(job(tmp_path), written)
    assert fact.artifacts == files[:LISTED]
    assert len(encode(fact)) < 256 * 1024


def test_roots_are_a_json_list_and_none_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ExporterSettings().export_roots == []
    monkeypatch.setenv("TG_EXPORTER__EXPORT_ROOTS", '["/srv/kb"]')
    assert ExporterSettings().export_roots == [Path("/srv/kb")]


def test_an_export_that_is_given_up_leaves_a_fact(tmp_path: Path) -> None:
    (told,) = failed(job(tmp_path), JobFailure("TransientError", "Postgres does not answer." * 200, 5))
    assert isinstance(told, JobFailed)
    assert (told.job_kind, told.attempts, len(told.detail)) == ("export", 5, 2000)
