"""Exporter: turns documents and topics into a knowledge base and its files.

Hears ChannelObserved, MessageIngested, MessageEdited, MessageDeleted, MessageProcessed, MessageSkipped, MessageFailed,
TopicOpened, TopicUpdated, TopicsMerged, TopicSplit, TopicRetired, IngestPageCommitted, and jobs Export · Tells
ExportCompleted, ExportRefused · Owns the read model of exports (schema `exporter`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tg_parser.chassis.chassis import open_chassis
from tg_parser.chassis.jobs import JobHandler
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import Export
from tg_parser.exporter.adapters.folder import LocalFolders
from tg_parser.exporter.adapters.postgres_rows import PostgresKnowledgeBase
from tg_parser.exporter.handlers import WriteExport, failed
from tg_parser.exporter.projection import SCHEMA, EntriesProjection
from tg_parser.exporter.settings import ExporterSettings


@asynccontextmanager
async def build(settings: ExporterSettings) -> AsyncIterator[Service]:
    """Open what the exporter needs, wire it, and close it afterwards."""
    async with open_chassis(
        "exporter", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
    ) as chassis:
        database = chassis.require_database()
        await database.migrate("tg_parser.exporter.migrations", SCHEMA)
        entries = Projector(EntriesProjection(), chassis)
        handler = WriteExport(
            caught_up=partial(entries.wait_for, timeout=settings.catch_up_s),
            base=PostgresKnowledgeBase(database),
            folders=LocalFolders(settings.export_roots),
        )
        yield Service(
            "exporter",
            chassis=chassis,
            handlers=[JobHandler(Export, subjects.EXPORT_WORKERS, handler, concurrency=1, failed=failed)],
            projectors=[entries],
            health_host=settings.health_host,
            health_port=settings.health_port,
        )


def main() -> None:
    """Run the exporter on its own."""
    settings = ExporterSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
