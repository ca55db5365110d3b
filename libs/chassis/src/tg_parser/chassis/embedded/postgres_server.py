"""Postgres on a free loopback port, its cluster in the data directory, one database for all services."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from tg_parser.chassis.embedded.errors import EmbeddedServerError, ServerFailed
from tg_parser.chassis.embedded.polling import until
from tg_parser.chassis.embedded.postgres_cluster import (
    USER,
    configure,
    make_cluster,
    prepare_home,
    read_password,
    read_port,
)
from tg_parser.chassis.embedded.postgres_route import Route, choose_route
from tg_parser.chassis.embedded.process import ServerProcess

DATABASE: Final = "tg_parser"
"""Holds a schema per service."""

_READY_WITHIN: Final = 60.0  # seconds; 0.2 as a rule, more when the log of a killed server is read through
_CONNECT_WITHIN: Final = 10.0  # seconds
_PORTS_TRIED: Final = 3  # a free port may be taken by somebody else before Postgres opens it


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running Postgres."""

    dsn: str = field(repr=False)
    """`postgresql://user:password@127.0.0.1:port/tg_parser`: not for logs."""

    process: ServerProcess


async def start_postgres(
    home: Path,
    stack: AsyncExitStack,
    choose: Callable[[Path, AsyncExitStack], Awaitable[Route]] = choose_route,
) -> PostgresServer:
    """Start Postgres with its files in `home`; return when the database takes connections. Leaving `stack` stops it.

    Raises:
        ServerFailed: initdb failed, or the server ended at once or was not ready in time.
        EmbeddedServerError: it cannot run here as this user.
    """
    await asyncio.to_thread(prepare_home, home)
    route = await choose(home, stack)
    cluster = await make_cluster(home, route, stack)
    server, port = await _start(route, cluster, stack)
    password = await asyncio.to_thread(read_password, home)
    dsn = f"postgresql://{USER}:{password}@127.0.0.1:{port}"
    await server.until_ready(_make_database(dsn), _CONNECT_WITHIN)
    return PostgresServer(f"{dsn}/{DATABASE}", server)


async def _start(route: Route, cluster: Path, stack: AsyncExitStack) -> tuple[ServerProcess, int]:
    for attempt in range(1, _PORTS_TRIED + 1):
        await asyncio.to_thread(configure, cluster, _free_port())
        server = await ServerProcess.start(route.program("postgres", cluster), stack)
        try:
            return server, await server.until_ready(_accepting(cluster), _READY_WITHIN)
        except ServerFailed:
            if attempt == _PORTS_TRIED or "Address already in use" not in await server.said():
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _accepting(cluster: Path) -> int:
    # Not by knocking: a connection to a closed port of the ephemeral range may come out of that very port.
    return await until(lambda: asyncio.to_thread(read_port, cluster))


async def _make_database(dsn: str) -> None:
    try:
        connection = await asyncpg.connect(f"{dsn}/postgres", ssl=False)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        await connection.close()
    except asyncpg.PostgresError as error:
        raise EmbeddedServerError(f"Postgres started but does not let us in: {error}.") from error
