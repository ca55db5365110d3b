"""Orchestrator: takes a workflow from its request to its export, and knows what every message of it came to.

Hears WorkflowRequested and every other event of TG_WF, timers, the server's notices of jobs whose workers died, everything
about registered sources, and of the facts: DocumentImported, MessageIngested, MessageEdited, IngestPageCommitted, IngestCompleted,
IngestRefused, MessageProcessed, MessageSkipped, MessageFailed, TopicizationCompleted, ExportCompleted, ExportRefused,
JobFailed, ChannelObserved, ProcessingPaused · Tells the events of the workflows' logs, SourceRunStarted, jobs IngestSource, ProcessMessage,
Topicize and Export, timers, control flags, live progress, and for workers that died MessageFailed and JobFailed · Owns the
workflows' logs, and the ledger (schema `orchestrator`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.durable import DurableReader
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.orchestrator.adapters.board import PostgresBoard
from tg_parser.orchestrator.adapters.desk import PostgresDesk
from tg_parser.orchestrator.adapters.failures import FailureFacts, QueueGraveyard
from tg_parser.orchestrator.adapters.flags import ProgressBucket, WorkerFlags
from tg_parser.orchestrator.adapters.queue import JetStreamQueue
from tg_parser.orchestrator.adapters.schedules import JetStreamTimers
from tg_parser.orchestrator.adapters.sources import JetStreamLooks, LogSources
from tg_parser.orchestrator.dispatcher import Dispatcher, Limits
from tg_parser.orchestrator.domain.saga import Rules
from tg_parser.orchestrator.follower import Follower
from tg_parser.orchestrator.handlers import WorkflowCommands
from tg_parser.orchestrator.janitor import Janitor
from tg_parser.orchestrator.ledger.notices import Announcer
from tg_parser.orchestrator.ledger.projection import LedgerProjection
from tg_parser.orchestrator.progress import ProgressTeller
from tg_parser.orchestrator.reactor import Reactor
from tg_parser.orchestrator.settings import OrchestratorSettings
from tg_parser.orchestrator.sweeper import Sweeper
from tg_parser.orchestrator.timers import TimerReactor

CATCH_UP_S = 60.0  # a ledger that is further behind is waited for again


@asynccontextmanager
async def build(settings: OrchestratorSettings) -> AsyncIterator[Service]:
    """Open what the orchestrator needs, wire it, and close it afterwards."""
    async with open_chassis(
        "orchestrator", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
    ) as chassis:
        await chassis.require_database().migrate("tg_parser.orchestrator.migrations", "orchestrator")
        yield assemble(chassis, settings)


def assemble(chassis: Chassis, settings: OrchestratorSettings) -> Service:
    """The parts of the orchestrator on an open chassis."""
    clock, database = chassis.clock, chassis.require_database()
    commands = WorkflowCommands(chassis.log, rules(settings), clock)
    queue = JetStreamQueue(chassis.nc, chassis.publisher, chassis.telemetry, clock)
    desk, flags = PostgresDesk(database), WorkerFlags(chassis.control)
    announcer = Announcer(PostgresBoard(database), commands, settings.look_every_s)
    progress = ProgressTeller(desk, ProgressBucket(chassis.nc.jetstream()), commands, clock)
    projection = LedgerProjection()

    async def committed(batch: Sequence[Recorded]) -> None:
        if projection.noticed():
            announcer.wake()
        dispatcher.heard(batch)
        progress.heard(batch)

    ledger = Projector(projection, chassis, committed=committed)
    current = partial(ledger.wait_until_current, timeout=CATCH_UP_S)
    failures = FailureFacts(chassis.facts)
    limits = Limits(settings.nats.window, settings.chunk, settings.look_every_s)
    dispatcher = Dispatcher(desk, chassis.log, queue, failures, flags, clock, limits, ready=current)
    sweeper = Sweeper(
        desk, queue, clock, current, dispatcher.wake, settings.sweep_every_s, lost_after_s=settings.lost_after_s
    )
    timers = JetStreamTimers(chassis.nc, chassis.publisher)
    facts_end = partial(chassis.log.last_seq, subjects.FACTS)
    reactor = Reactor(commands, queue, desk, timers, flags, facts_end, opened=dispatcher.wake)
    events = DurableReader(chassis.nc, subjects.WORKFLOWS, subjects.WORKFLOW_REACTOR, reactor)
    looks = JetStreamLooks(chassis.nc, chassis.publisher)
    follower = Follower(LogSources(chassis.nc), commands, looks, chassis.facts, clock)
    sources = DurableReader(chassis.nc, subjects.FACTS, subjects.SOURCE_FOLLOWER, follower.heard)
    timer_reactor = TimerReactor(commands, follower.fired)
    fired = DurableReader(chassis.nc, subjects.TIMERS, subjects.TIMER_REACTOR, timer_reactor)
    janitor = Janitor(QueueGraveyard(chassis.nc, chassis.deadletters), desk, failures)
    died = DurableReader(chassis.nc, subjects.ADVISORIES, subjects.DEAD_LETTER_JANITOR, janitor)
    return Service(
        "orchestrator",
        chassis=chassis,
        projectors=[ledger],
        tasks={
            "reactor": events.run,
            "timers": fired.run,
            "sources": sources.run,
            "follower": follower.run,
            "janitor": died.run,
            "notices": announcer.run,
            "dispatcher": dispatcher.run,
            "sweeper": sweeper.run,
            "progress": progress.run,
        },
        checks={
            "reactor": lambda: events.alive,
            "timers": lambda: fired.alive,
            "sources": lambda: sources.alive,
            "janitor": lambda: died.alive,
        },
        capabilities=["orchestrate"],
        health_host=settings.health_host,
        health_port=settings.health_port,
    )


def rules(settings: OrchestratorSettings) -> Rules:
    """What the saga must know of the deployment."""
    deadlines = settings.deadlines
    return Rules(
        {
            "ingest": deadlines.ingest,
            "process": deadlines.process,
            "topicize": deadlines.topicize,
            "export": deadlines.export,
        },
        code_version=version("tg-parser-orchestrator"),
    )


def main() -> None:
    """Run the orchestrator on its own."""
    settings = OrchestratorSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
