"""Postgres: one engine per service, one schema per service, migrations by Alembic under a lock."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from asyncpg.exceptions import InterfaceError, PostgresError
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tg_parser.chassis.errors import ServerUnavailable
from tg_parser.chassis.settings import PostgresSettings

DATABASE_ERRORS = (DBAPIError, PoolTimeout, PostgresError, InterfaceError, OSError)
"""What a statement raises when the server is away, restarting or refuses it. What asyncpg raises while connecting reaches
us as it is; the rest is SQLAlchemy's."""

PING_WITHIN = 5.0  # seconds
CLIENT_MARGIN = 10.0  # seconds after the server's own limit until a silent server is given up
DATA_EXCEPTION = "22"  # class of the SQLSTATEs that blame the values: a NUL in a text, a number out of range


class Database:
    """A service's connections. Nothing connects before the first statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back by any exception."""
        async with self.engine.begin() as connection:
            yield connection

    async def ping(self) -> bool:
        """Whether the server answers."""
        try:
            async with asyncio.timeout(PING_WITHIN), self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except DATABASE_ERRORS:
            return False
        return True

    async def migrate(self, package: str, schema: str) -> None:
        """Bring `schema` to the newest revision in the package of migrations `package`. Several at once take turns.

        Raises ServerUnavailable if Postgres does not answer.
        """
        folder = Path(str(importlib.import_module(package).__path__[0]))
        newest = max(path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py"))
        try:
            async with self.engine.begin() as connection:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"migrate {schema}"}
                )
                if await _revision(connection, schema) == newest:
                    return
                await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
                await connection.execute(
                    text(
                        f'CREATE TABLE IF NOT EXISTS "{schema}".projection_position '
                        "(projection text PRIMARY KEY, last_seq bigint NOT NULL)"
                    )
                )
                from tg_parser.chassis.migration import upgrade  # noqa: PLC0415 - Alembic takes a second to import

                await connection.run_sync(upgrade, folder, schema)
        except (OSError, PostgresError) as unreachable:
            raise ServerUnavailable(
                "Postgres does not answer. Is TG_POSTGRES__DSN right, and is the server up?"
            ) from unreachable


def refuses_data(error: BaseException) -> bool:
    """Whether the statement failed because of the values in it: the same values will fail again."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return str(state or "").startswith(DATA_EXCEPTION)


async def _revision(connection: AsyncConnection, schema: str) -> str | None:
    """The revision the schema is at; None if it has none yet."""
    table = f'"{schema}".alembic_version'
    if (await connection.execute(text("SELECT to_regclass(:table)"), {"table": table})).scalar_one() is None:
        return None
    return (await connection.execute(text(f"SELECT version_num FROM {table}"))).scalar_one_or_none()  # noqa: S608 - our own name


@asynccontextmanager
async def open_database(name: str, settings: PostgresSettings) -> AsyncIterator[Database]:
    """The connections of the service `name`, closed at the end."""
    url = make_url(settings.dsn.get_secret_value()).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        connect_args={
            "server_settings": {
                "application_name": f"tg-parser/{name}",
                "statement_timeout": str(int(settings.statement_timeout_s * 1000)),
                "jit": "off",  # our statements are short; compiling them costs more than running them
            },
            "timeout": 10,
            "command_timeout": settings.statement_timeout_s + CLIENT_MARGIN,
        },
    )
    try:
        yield Database(engine)
    finally:
        await engine.dispose()
