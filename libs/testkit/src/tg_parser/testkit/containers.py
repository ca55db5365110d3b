"""The same servers from containers, where a Docker engine is present."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

NATS_IMAGE = "nats:2.15-alpine"
POSTGRES_IMAGE = "pgvector/pgvector:pg18"


def _engine() -> None:
    """Fail if no Docker engine answers: an explicit backend that is missing is a fault, not a reason to skip."""
    import docker  # noqa: PLC0415 - only where containers were asked for

    try:
        docker.from_env().ping()
    except Exception as error:
        pytest.fail(f"E2E_BACKEND=docker, but no Docker engine answers: {error}")


@asynccontextmanager
async def _running(container: Any) -> AsyncIterator[Any]:
    await asyncio.to_thread(container.start)
    try:
        yield container
    finally:
        await asyncio.to_thread(container.stop)


@asynccontextmanager
async def nats_container() -> AsyncIterator[str]:
    """A nats-server with JetStream; yields its URL."""
    from testcontainers.community.nats import NatsContainer  # noqa: PLC0415

    await asyncio.to_thread(_engine)
    async with _running(NatsContainer(NATS_IMAGE, jetstream=True)) as container:
        yield container.nats_uri()


@asynccontextmanager
async def postgres_container() -> AsyncIterator[str]:
    """A Postgres; yields its DSN."""
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415

    await asyncio.to_thread(_engine)
    async with _running(PostgresContainer(POSTGRES_IMAGE, driver=None)) as container:
        yield container.get_connection_url()
