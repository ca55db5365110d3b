"""Topicizer: groups documents into stories as they come, and stories into topics that keep their ids.

Hears MessageProcessed, TopicImported, MessageDeleted, MessageRestored, MessageErased, ErasureRequested, jobs Topicize · Tells
TopicsAssigned, TopicOpened, TopicUpdated, TopicsMerged, TopicSplit, TopicRetired, RegroupCommitted, TopicizationCompleted, and
TopicsRewritten · Owns documents, assignments and topics (schema `topicizer`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tg_parser.chassis.chassis import open_chassis
from tg_parser.chassis.jobs import JobHandler
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import Topicize
from tg_parser.topicizer.adapters.grouping_process import open_grouping
from tg_parser.topicizer.adapters.memory import StoredMemory
from tg_parser.topicizer.adapters.told import ToldInLog
from tg_parser.topicizer.assigner import Assigner
from tg_parser.topicizer.handlers import BringTopicsUpToDate, failed
from tg_parser.topicizer.projection import TopicsProjection
from tg_parser.topicizer.settings import TopicizerSettings


@asynccontextmanager
async def build(settings: TopicizerSettings) -> AsyncIterator[Service]:
    """Open what the topicizer needs, wire it, and close it afterwards."""
    async with (
        open_chassis(
            "topicizer", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
        ) as chassis,
        open_grouping() as grouping,
    ):
        database = chassis.require_database()
        await database.migrate("tg_parser.topicizer.migrations", "topicizer")
        projector = Projector(TopicsProjection(), chassis)
        assigner = Assigner(grouping, StoredMemory(database), projector, ToldInLog(chassis.log), chassis.facts)
        projector.when_committed(assigner.heard)
        handler = BringTopicsUpToDate(projector, assigner, settings.catch_up_s)
        yield Service(
            "topicizer",
            chassis=chassis,
            handlers=[JobHandler(Topicize, subjects.TOPICIZE_WORKERS, handler, concurrency=1, failed=failed)],
            projectors=[projector],
            tasks={"assigner": assigner.run},
            health_host=settings.health_host,
            health_port=settings.health_port,
        )


def main() -> None:
    """Run the topicizer on its own."""
    settings = TopicizerSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
