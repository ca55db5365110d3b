"""Ingestor: turns what Telegram holds into facts about messages.

Hears jobs IngestSource · Tells MessageIngested, MessageEdited, ChannelObserved, IngestPageCommitted, IngestCompleted,
IngestRefused, JobFailed, and of what an earlier TG_parser knew DocumentImported, TopicImported, SourceAdded and SourcePaused ·
Owns what is known of messages and how far each workflow has read (schema `ingestor`).
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
from tg_parser.contracts.jobs import IngestSource
from tg_parser.ingestor.adapters.desktop_html.source import DesktopHtmlExports
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.adapters.known_messages import OpenStoredKnowledge
from tg_parser.ingestor.adapters.known_projection import KnownProjection
from tg_parser.ingestor.adapters.log_facts import LogFacts
from tg_parser.ingestor.adapters.object_originals import ObjectOriginals
from tg_parser.ingestor.adapters.preview.source import open_previews
from tg_parser.ingestor.adapters.v3_database.source import V3Databases
from tg_parser.ingestor.handlers import ReadSource, failed
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.settings import IngestorSettings

CATCH_UP = 300.0  # seconds the tables may take to hold what is in the log; a rebuild in progress takes longer and is waited for
LONGEST = 6 * 3600.0  # seconds for one source; each page has a time-out of its own


@asynccontextmanager
async def build(settings: IngestorSettings) -> AsyncIterator[Service]:
    """Open what the ingestor needs, wire it, and close it afterwards."""
    async with (
        open_chassis(
            "ingestor", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
        ) as chassis,
        open_previews(Limiter(settings.budgets), site=settings.preview_site) as previews,
    ):
        database = chassis.require_database()
        await database.migrate("tg_parser.ingestor.migrations", "ingestor")
        known = Projector(KnownProjection(), chassis)
        handler = ReadSource(
            sources={
                "td_json": DesktopExports(settings.import_roots),
                "td_html": DesktopHtmlExports(settings.import_roots),
                "v3_database": V3Databases(settings.import_roots),
                "web_preview": previews,
            },
            open_knowledge=OpenStoredKnowledge(
                database, partial(known.wait_until_current, timeout=CATCH_UP), LogFacts(chassis.nc.jetstream())
            ),
            originals=ObjectOriginals(chassis.nc.jetstream()),
            clock=chassis.clock,
            page_size=settings.page_size,
        )
        yield Service(
            "ingestor",
            chassis=chassis,
            handlers=[
                JobHandler(
                    IngestSource,
                    subjects.INGEST_WORKERS,
                    handler,
                    concurrency=settings.concurrency,
                    failed=failed,
                    longest=LONGEST,
                )
            ],
            projectors=[known],
            health_host=settings.health_host,
            health_port=settings.health_port,
        )


def main() -> None:
    """Run the ingestor on its own."""
    settings = IngestorSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
