"""What a service stands on: its connection, its publisher, its log, its tables, its telemetry."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from nats.aio.client import Client

from tg_parser.chassis.clock import Clock, system_clock
from tg_parser.chassis.connection import Connection, open_connection
from tg_parser.chassis.control import ControlFlags
from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.deadletters import DeadLetters
from tg_parser.chassis.errors import PermanentError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.log import EventLog
from tg_parser.chassis.provision import provision
from tg_parser.chassis.publisher import Publisher
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.chassis.telemetry import Telemetry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chassis:
    """Everything a service's own parts are built on. Opened once, by its `build`."""

    name: str
    instance: str
    connection: Connection
    publisher: Publisher
    log: EventLog
    facts: FactWriter
    deadletters: DeadLetters
    database: Database | None
    control: ControlFlags
    telemetry: Telemetry
    clock: Clock

    @property
    def nc(self) -> Client:
        """The NATS client."""
        return self.connection.nc

    def require_database(self) -> Database:
        """The tables. Raises PermanentError if the service was opened without."""
        if self.database is None:
            raise PermanentError(f"The {self.name} was opened without a database.")
        return self.database


@asynccontextmanager
async def open_chassis(
    name: str,
    *,
    nats: NatsSettings,
    postgres: PostgresSettings | None,
    telemetry: TelemetrySettings,
    clock: Clock = system_clock,
) -> AsyncIterator[Chassis]:
    """Connect the service `name`, provision the streams if it may, and close everything at the end.

    Raises ServerUnavailable with a sentence if a server does not answer.
    """
    instance = f"{name}-{os.getpid()}-{os.urandom(3).hex()}"
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_connection(name, nats))
        if nats.provision:
            for drift in await provision(connection.nc, nats):
                log.warning("A stream's setting had drifted.", action="provision_drift", drift=str(drift))
        database = await stack.enter_async_context(open_database(name, postgres)) if postgres else None
        publisher = await stack.enter_async_context(Publisher(connection.nc))
        traces = Telemetry(name, telemetry, instance=instance)
        stack.push_async_callback(asyncio.to_thread, traces.close)
        source = f"tg-parser/{name}"
        yield Chassis(
            name=name,
            instance=instance,
            connection=connection,
            publisher=publisher,
            log=EventLog(connection.nc, publisher, source=source, clock=clock),
            facts=FactWriter(publisher, source, clock, traces),
            deadletters=DeadLetters(publisher, clock),
            database=database,
            control=ControlFlags(connection.nc),
            telemetry=traces,
            clock=clock,
        )
