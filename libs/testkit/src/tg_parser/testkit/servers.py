"""Real servers for tests, as pytest fixtures. They are part of the promise under test: their absence is a failure.

`E2E_BACKEND` chooses where they come from: `native` starts the ones from PyPI, `docker` starts containers through
testcontainers, `auto` (the default) is `native`. An explicit backend that is missing fails.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.embedded import embedded_nats, embedded_postgres
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.testkit.containers import nats_container, postgres_container

NUMBERS = itertools.count(1)


def backend() -> str:
    """Where the servers come from. Fails on a name that is none of the three."""
    chosen = os.environ.get("E2E_BACKEND", "auto")
    if chosen not in {"auto", "native", "docker"}:
        pytest.fail(f"E2E_BACKEND is {chosen!r}: expected auto, native or docker.")
    return "native" if chosen == "auto" else chosen


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log lines as plain text: a pretty traceback with every local variable takes longer than what it is about."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer], cache_logger_on_first_use=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The DSN of a Postgres that lives as long as the test run."""
    server = postgres_container() if backend() == "docker" else embedded_postgres(tmp_path_factory.mktemp("postgres"))
    async with server as dsn:
        yield dsn


@pytest_asyncio.fixture(loop_scope="session")
async def nats_url(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh nats-server with an empty store."""
    server = nats_container() if backend() == "docker" else embedded_nats(tmp_path / "nats-data")
    async with server as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_dsn(postgres_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh, empty database."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    url = make_url(postgres_server)
    admin = create_async_engine(url.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    try:
        async with admin.connect() as connection:
            await connection.execute(text(f'CREATE DATABASE "{name}"'))
        yield url.set(database=name).render_as_string(hide_password=False)
        async with admin.connect() as connection:
            await connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        await admin.dispose()


@pytest.fixture
def nats_settings(nats_url: str) -> NatsSettings:
    """Settings for a fresh nats-server."""
    return NatsSettings(url=SecretStr(nats_url))


@pytest.fixture
def postgres_settings(postgres_dsn: str) -> PostgresSettings:
    """Settings for a fresh database."""
    return PostgresSettings(dsn=SecretStr(postgres_dsn))


@pytest_asyncio.fixture(loop_scope="session")
async def chassis(nats_settings: NatsSettings, postgres_settings: PostgresSettings) -> AsyncIterator[Chassis]:
    """A chassis on fresh servers, with streams provisioned and no tables."""
    async with open_chassis(
        "test", nats=nats_settings, postgres=postgres_settings, telemetry=TelemetrySettings()
    ) as opened:
        yield opened
