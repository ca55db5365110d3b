"""`ChatStore` over the ingestor's tables. Access hashes are worth something to one account alone, so every row is an account's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import TextClause, text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord

FIND: Final = text("SELECT record::text FROM ingestor.chat WHERE account = :account AND channel_id = :channel_id")
KEEP: Final = text(
    "INSERT INTO ingestor.chat (account, channel_id, record) VALUES (:account, :channel_id, cast(:record as jsonb)) "
    "ON CONFLICT (account, channel_id) DO UPDATE SET record = excluded.record"
)
NAMED: Final = text("SELECT channel_id FROM ingestor.chat_name WHERE account = :account AND name = :name")
KEEP_NAME: Final = text(
    "INSERT INTO ingestor.chat_name (account, name, channel_id) VALUES (:account, :name, :channel_id) "
    "ON CONFLICT (account, name) DO UPDATE SET channel_id = excluded.channel_id"
)


@dataclass(frozen=True, slots=True)
class StoredChats:
    """The chats in Postgres."""

    database: Database

    async def find(self, account: str, channel_id: str) -> ChatRecord | None:
        """See the port."""
        found = await self._one(FIND, account=account, channel_id=channel_id)
        return ChatRecord.model_validate_json(found) if found else None

    async def keep(self, account: str, record: ChatRecord) -> None:
        """See the port."""
        await self._run(KEEP, account=account, channel_id=record.channel_id, record=record.model_dump_json())

    async def named(self, account: str, name: str) -> str | None:
        """See the port."""
        return await self._one(NAMED, account=account, name=name)

    async def keep_name(self, account: str, name: str, channel_id: str) -> None:
        """See the port."""
        await self._run(KEEP_NAME, account=account, name=name, channel_id=channel_id)

    async def _one(self, statement: TextClause, **parameters: Any) -> str | None:
        with _reachable():
            async with self.database.begin() as connection:
                return (await connection.execute(statement, parameters)).scalar_one_or_none()

    async def _run(self, statement: TextClause, **parameters: Any) -> None:
        with _reachable():
            async with self.database.begin() as connection:
                await connection.execute(statement, parameters)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise TransientError("Postgres does not answer; chats cannot be looked up.", retry_in=2) from error
