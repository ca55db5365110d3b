"""Every service in one process: the same builders, the same streams, the same tables as on a cluster.

nats-server and Postgres are started beside it unless settings name others (`TG_NATS__URL`, `TG_POSTGRES__DSN`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pydantic import SecretStr

from tg_parser.chassis.connection import open_connection
from tg_parser.chassis.embedded import Endpoints, embedded_servers
from tg_parser.chassis.errors import TaskEnded
from tg_parser.chassis.provision import provision, release_deliveries
from tg_parser.chassis.service import Service, run_together
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.exporter import main as exporter
from tg_parser.exporter.settings import ExporterSettings
from tg_parser.gateway import main as gateway
from tg_parser.gateway.settings import GatewaySettings
from tg_parser.ingestor import main as ingestor
from tg_parser.ingestor.settings import AccountSettings, IngestorSettings
from tg_parser.orchestrator import main as orchestrator
from tg_parser.orchestrator.settings import OrchestratorSettings
from tg_parser.processor import main as processor
from tg_parser.processor.settings import LlmSettings, ProcessorSettings
from tg_parser.topicizer import main as topicizer
from tg_parser.topicizer.settings import TopicizerSettings


class Shared(TypedDict):
    """What every service's settings have in common."""

    nats: NatsSettings
    postgres: PostgresSettings
    telemetry: TelemetrySettings


@dataclass(frozen=True, slots=True)
class Composition:
    """How the system is put together on this machine.

    Attributes:
        data_dir: where the embedded servers keep everything.
        import_roots: folders the ingestor may read exports from.
        export_roots: folders the exporter may write to.
        port: of the gateway; 0 takes a free one.
    """

    data_dir: Path
    import_roots: tuple[Path, ...] = ()
    export_roots: tuple[Path, ...] = ()
    port: int = 0


@dataclass(frozen=True, slots=True)
class System:
    """Everything, running."""

    url: str
    services: tuple[Service, ...]

    async def ready(self) -> None:
        """Wait until every service's servers and consumers really answer."""
        for service in self.services:
            await service.ready()


@asynccontextmanager
async def servers(data_dir: Path) -> AsyncIterator[tuple[Endpoints, NatsSettings, PostgresSettings]]:
    """The servers: those the settings name, or our own."""
    own_nats, own_postgres = "TG_NATS__URL" not in os.environ, "TG_POSTGRES__DSN" not in os.environ
    if not own_nats and not own_postgres:
        yield Endpoints(), NatsSettings(), PostgresSettings()
        return
    async with embedded_servers(data_dir, nats=own_nats, postgres=own_postgres) as endpoints:
        nats = NatsSettings(url=SecretStr(endpoints.nats_url)) if own_nats else NatsSettings()
        postgres = PostgresSettings(dsn=SecretStr(endpoints.postgres_dsn)) if own_postgres else PostgresSettings()
        yield endpoints, nats, postgres


@asynccontextmanager
async def running(composition: Composition, *, llm: LlmSettings | None = None) -> AsyncIterator[System]:
    """The whole system, running until the block ends. What breaks in it is raised out of the block."""
    async with AsyncExitStack() as stack:
        endpoints, nats, postgres = await stack.enter_async_context(servers(composition.data_dir))
        if nats.provision:
            async with open_connection("provision", nats) as connection:
                await provision(connection.nc, nats)
                if endpoints.nats_url:  # our own server, and nobody else's: whoever had a job in hand was killed
                    await release_deliveries(connection.nc, nats)
        shared = Shared(
            nats=nats.model_copy(update={"provision": False}), postgres=postgres, telemetry=TelemetrySettings()
        )
        gateway_settings = GatewaySettings(**shared, port=composition.port)
        builders = [
            orchestrator.build(OrchestratorSettings(**shared)),
            ingestor.build(_ingestor(composition, shared)),
            processor.build(ProcessorSettings(**shared, llm=llm or LlmSettings())),
            topicizer.build(TopicizerSettings(**shared)),
            exporter.build(_exporter(composition, shared)),
        ]
        services = [await stack.enter_async_context(builder) for builder in builders]
        front = await stack.enter_async_context(gateway.build(gateway_settings))
        system = System(front.url, (*services, front))
        await stack.enter_async_context(_supervised(system.services, endpoints))
        await system.ready()
        yield system


def _ingestor(composition: Composition, shared: Shared) -> IngestorSettings:
    settings = IngestorSettings(**shared)
    roots = (*settings.import_roots, *composition.import_roots)
    return settings.model_copy(update={"import_roots": roots, "telegram": account_settings(composition.data_dir)})


def account_settings(data_dir: Path) -> AccountSettings:
    """How Telegram accounts are used: their sessions are in the data directory unless a setting names another folder."""
    settings = AccountSettings()
    if settings.sessions is not None:
        return settings
    return settings.model_copy(update={"sessions": data_dir / "sessions"})


def _exporter(composition: Composition, shared: Shared) -> ExporterSettings:
    settings = ExporterSettings(**shared)
    return settings.model_copy(update={"export_roots": (*settings.export_roots, *composition.export_roots)})


@asynccontextmanager
async def _supervised(services: Sequence[Service], endpoints: Endpoints) -> AsyncIterator[None]:
    """Run the services and watch the servers; whatever ends by itself ends the block with its reason."""
    stop = asyncio.Event()
    owner = asyncio.current_task()
    broken: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        if stop.is_set() or task.cancelled() or owner is None:
            return
        broken.append(task.exception() or TaskEnded(f"{task.get_name()} has ended unexpectedly."))
        owner.cancel()

    tasks = [asyncio.create_task(run_together(services, stop), name="services")]
    if endpoints.servers:  # servers of somebody else are somebody else's to watch
        tasks.append(asyncio.create_task(endpoints.watch(), name="servers"))
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if broken:
            raise broken[0] from None
        raise
    finally:
        stop.set()
        for watcher in tasks[1:]:
            watcher.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
