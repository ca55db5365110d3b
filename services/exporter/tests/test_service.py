"""The exporter as it runs: facts and a job in, files and a fact out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.settings import NatsSettings, PostgresSettings
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import Export
from tg_parser.contracts.knowledge import ExportCompleted, ExportRefused
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.model import Message
from tg_parser.contracts.topics import TopicOpened
from tg_parser.exporter.main import build
from tg_parser.exporter.settings import ExporterSettings

pytestmark = pytest.mark.servers

PATIENCE = 30.0  # seconds


async def ask(chassis: Chassis, workflow_id: str, location: Path, after_seq: int) -> None:
    job = Export(workflow_id=workflow_id, location=str(location), after_seq=after_seq)
    envelope = Envelope(f"job-{workflow_id}", job.wire_type(), "test", chassis.clock(), workflow_id)
    await chassis.publisher.publish(subjects.job_subject(Export, "bulk", workflow_id), encode(job), envelope.headers())


async def answer(chassis: Chassis, after_seq: int) -> Message:
    """The first fact after a position, waited for."""
    subscription = await chassis.nc.subscribe(subjects.FACT_SUBJECTS)
    async with asyncio.timeout(PATIENCE):
        while not (found := await chassis.log.read_range(subjects.FACTS, ">", from_seq=after_seq + 1, limit=1)):
            try:
                await subscription.next_msg(timeout=1)
            except TimeoutError:
                continue
    await subscription.unsubscribe()
    return found[0].message


async def test_a_job_leaves_files_and_a_fact(
    chassis: Chassis,
    nats_settings: NatsSettings,
    postgres_settings: PostgresSettings,
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    topic: Callable[..., TopicOpened],
    tmp_path: Path,
) -> None:
    settings = ExporterSettings(nats=nats_settings, postgres=postgres_settings, export_roots=[tmp_path])
    facts = [*map(ingested, range(1, 11)), *map(processed, range(1, 11)), topic("tg:77:post:1")]
    stop = asyncio.Event()
    async with build(settings) as service:
        running = asyncio.create_task(service.run(stop))
        await service.started()
        last = (await chassis.facts.tell_all(facts))[-1]
        await ask(chassis, "w1", tmp_path / "kb", after_seq=last)
        told = await answer(chassis, last)
        await ask(chassis, "w2", Path("/etc/kb"), after_seq=last)
        refused = await answer(chassis, last + 1)
        stop.set()
        await running
    assert isinstance(told, ExportCompleted)
    assert told.log_position == last
    assert isinstance(refused, ExportRefused)
    lines = (tmp_path / "kb" / "kb_entries.ndjson").read_text().splitlines()
    assert len(lines) == 11
    assert json.loads((tmp_path / "kb" / "manifest.json").read_text())["log_position"] == last
