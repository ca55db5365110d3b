"""The servers of one machine as context managers: what the composition root of "everything in one process" enters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tg_parser.chassis.embedded.errors import EmbeddedServerError
from tg_parser.chassis.embedded.nats_server import NatsServer, start_nats
from tg_parser.chassis.embedded.ownership import owned
from tg_parser.chassis.embedded.postgres_server import PostgresServer, start_postgres
from tg_parser.chassis.embedded.process import ServerProcess

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers are. A server that was not asked for has an empty address."""

    nats_url: str = field(default="", repr=False)
    """`nats://user:password@127.0.0.1:port`: not for logs."""

    postgres_dsn: str = field(default="", repr=False)
    """`postgresql://user:password@127.0.0.1:port/tg_parser`: not for logs."""

    nats_monitoring_url: str = ""
    """nats-server's HTTP monitoring: `/healthz`, `/varz`, `/jsz`."""

    servers: tuple[ServerProcess, ...] = field(default=(), repr=False)
    """The processes, by name and pid."""

    async def watch(self) -> None:
        """Wait for as long as all servers run; for a task beside the work, cancelled before the context is left.

        Returns at once if no server was asked for.

        Raises:
            ServerDied: one of them ended; the message says which one, how, and what it said last.
        """
        watchers = [asyncio.create_task(server.watch(), name=f"watch {server.name}") for server in self.servers]
        try:
            await asyncio.gather(*watchers)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)


@asynccontextmanager
async def embedded_servers(data_dir: Path, *, nats: bool = True, postgres: bool = True) -> AsyncGenerator[Endpoints]:
    """nats-server and Postgres for this machine alone, with all their files in `data_dir`, until the context is left.

    Both listen on loopback, on free ports, with random passwords. What they stored is there again at the next start.

    Raises:
        DataDirectoryInUse: another process works with `data_dir`.
        ServerFailed: a server ended at once or was not ready in time.
        EmbeddedServerError: anything else that forbids it here.
    """
    async with AsyncExitStack() as stack:
        home = stack.enter_context(owned(data_dir))
        started = await _both(
            start_nats(home / "nats", stack) if nats else _nothing(),
            start_postgres(home / "postgres", stack) if postgres else _nothing(),
        )
        yield _endpoints(*started)


@asynccontextmanager
async def embedded_nats(data_dir: Path) -> AsyncGenerator[str]:
    """nats-server alone, as in `embedded_servers`; gives its URL."""
    async with embedded_servers(data_dir, postgres=False) as endpoints:
        yield endpoints.nats_url


@asynccontextmanager
async def embedded_postgres(data_dir: Path) -> AsyncGenerator[str]:
    """Postgres alone, as in `embedded_servers`; gives its DSN."""
    async with embedded_servers(data_dir, nats=False) as endpoints:
        yield endpoints.postgres_dsn


async def _nothing() -> None:
    return None


async def _both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Both results; if one fails, the other is given up and the failure raised as it is, for people to read."""
    try:
        async with asyncio.TaskGroup() as tasks:
            first, second = tasks.create_task(one), tasks.create_task(other)
    except ExceptionGroup as failures:
        raise _readable(failures.exceptions[0]) from failures
    return first.result(), second.result()


def _readable(error: Exception) -> Exception:
    if isinstance(error, OSError):
        return EmbeddedServerError(f"The servers cannot be started: {error.filename}: {error.strerror}.")
    return error


def _endpoints(nats: NatsServer | None, postgres: PostgresServer | None) -> Endpoints:
    return Endpoints(
        nats_url=nats.url if nats else "",
        postgres_dsn=postgres.dsn if postgres else "",
        nats_monitoring_url=nats.monitoring_url if nats else "",
        servers=tuple(server.process for server in (nats, postgres) if server),
    )
