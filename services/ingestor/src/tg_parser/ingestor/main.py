"""Ingestor: turns what Telegram holds into facts about messages.

Hears jobs IngestSource, what is told about registered sources, and what is to be erased · Tells MessageIngested,
MessageEdited, ChannelObserved, IngestPageCommitted, IngestCompleted, IngestRefused, SourceRead, SourceHinted, FloodWaited,
AccountStateChanged, JobFailed, MessageErased, and of what an earlier TG_parser knew DocumentImported, TopicImported,
SourceAdded and SourcePaused · Owns what is known of messages, how far each workflow has read, how accounts stand and how they
address chats (schema `ingestor`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.durable import DurableReader
from tg_parser.chassis.jobs import JobHandler
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.provision import ERASE_ACK_WAIT
from tg_parser.chassis.service import Service, Task, run
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import IngestSource
from tg_parser.ingestor.adapters.desktop_html.source import DesktopHtmlExports
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.adapters.erasure_tables import ErasureTables
from tg_parser.ingestor.adapters.followed_projection import FollowedProjection
from tg_parser.ingestor.adapters.known_messages import OpenStoredKnowledge
from tg_parser.ingestor.adapters.known_projection import KnownProjection
from tg_parser.ingestor.adapters.log_facts import LogFacts
from tg_parser.ingestor.adapters.object_originals import ObjectOriginals
from tg_parser.ingestor.adapters.preview.source import open_previews
from tg_parser.ingestor.adapters.standings import KeptStandings
from tg_parser.ingestor.adapters.telethon.accounts.sessions import folder_of
from tg_parser.ingestor.adapters.telethon.on_demand import AccountReading, AccountsOnDemand
from tg_parser.ingestor.adapters.text_streams import ToldTopics, dead_letters, facts, jobs
from tg_parser.ingestor.adapters.v3_database.source import V3Databases
from tg_parser.ingestor.erasing import Erase
from tg_parser.ingestor.handlers import ReadSource, failed
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.settings import AccountSettings, IngestorSettings

CATCH_UP = 300.0  # seconds the tables may take to hold what is in the log; a rebuild in progress takes longer and is waited for
ERASE_WITHIN = ERASE_ACK_WAIT - 30.0  # seconds for one look through everything
READING = "tg_parser.ingestor.adapters.telethon.reading"
LONGEST = 6 * 3600.0  # seconds for one source; each page has a time-out of its own


@asynccontextmanager
async def build(settings: IngestorSettings) -> AsyncIterator[Service]:
    """Open what the ingestor needs, wire it, and close it afterwards."""
    async with AsyncExitStack() as stack:
        chassis = await stack.enter_async_context(
            open_chassis("ingestor", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry)
        )
        database = chassis.require_database()
        await database.migrate("tg_parser.ingestor.migrations", "ingestor")
        limiter = Limiter(settings.budgets, clock=chassis.clock)
        standings = KeptStandings(database, limiter)
        await standings.restore()
        previews = await stack.enter_async_context(open_previews(limiter, site=settings.preview_site))
        opening = partial(_account_reading, chassis, settings.telegram, limiter, standings)
        accounts = await stack.enter_async_context(AccountsOnDemand(folder_of(settings.telegram).names, opening))
        followed = Projector(FollowedProjection(), chassis, committed=accounts.changed)
        known = Projector(KnownProjection(), chassis)
        jetstream = chassis.nc.jetstream()
        originals = ObjectOriginals(jetstream)
        open_knowledge = OpenStoredKnowledge(
            database, partial(known.wait_until_current, timeout=CATCH_UP), LogFacts(jetstream)
        )
        handler = ReadSource(
            sources={
                "td_json": DesktopExports(settings.import_roots),
                "td_html": DesktopHtmlExports(settings.import_roots),
                "v3_database": V3Databases(settings.import_roots),
                "web_preview": previews,
                "mtproto_history": accounts,
            },
            open_knowledge=open_knowledge,
            originals=originals,
            clock=chassis.clock,
            page_size=settings.page_size,
        )
        erase = Erase(
            desk=ErasureTables(database, open_knowledge),
            streams=[stream(jetstream, chassis.log) for stream in (jobs, dead_letters, facts)],
            originals=originals,
            topics=ToldTopics(chassis.log),
            facts=chassis.facts,
            clock=chassis.clock,
            settle=settings.erasure_settle_s,
        )
        requests = DurableReader(chassis.nc, subjects.FACTS, subjects.ERASERS, erase, ahead=1, timeout=ERASE_WITHIN)
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
            projectors=[known, followed],
            tasks={"standings": standings.run, "erasure": requests.run, **_listening(settings, accounts)},
            checks={"erasure": lambda: requests.alive},
            health_host=settings.health_host,
            health_port=settings.health_port,
        )


@asynccontextmanager
async def _account_reading(
    chassis: Chassis, settings: AccountSettings, limiter: Limiter, standings: KeptStandings
) -> AsyncIterator[AccountReading]:
    await asyncio.to_thread(import_module, READING)
    from tg_parser.ingestor.adapters.telethon.reading import open_reading  # noqa: PLC0415 - Telethon takes a second to load

    async with open_reading(chassis, settings, limiter, standings.keep) as reading:
        yield reading


def _listening(settings: IngestorSettings, accounts: AccountsOnDemand) -> Mapping[str, Task]:
    """The task of listening; none where nobody wants that or no account can be used."""
    if not settings.telegram.hints or settings.telegram.sessions is None:
        return {}
    return {"listening": accounts.listen}


def main() -> None:
    """Run the ingestor on its own."""
    settings = IngestorSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
