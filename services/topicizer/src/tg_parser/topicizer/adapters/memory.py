"""`Memory` over the topicizer's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError

ASSIGNED = text(
    "SELECT d.seq, d.revision, d.content, a.body FROM topicizer.document d "
    "JOIN topicizer.assignment a ON a.source_ref = d.source_ref AND a.revision = d.revision "
    "WHERE a.input_seq >= d.seq ORDER BY d.seq"
)
TOPICS = text('SELECT body FROM topicizer.topic ORDER BY topic_id COLLATE "C"')
LAST_REGROUP = text("SELECT body FROM topicizer.regroup ORDER BY epoch DESC LIMIT 1")
IMPORTED = text(
    "SELECT body FROM topicizer.imported_topic AS imported "
    'WHERE NOT EXISTS (SELECT FROM topicizer.topic WHERE topic_id = imported.old_id) ORDER BY old_id COLLATE "C"'
)
UNASSIGNED = text("SELECT seq, revision, content FROM topicizer.document WHERE seq > :after ORDER BY seq LIMIT :limit")


class StoredMemory:
    """See the port. Raises TransientError while Postgres is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assigned(self) -> Sequence[tuple[int, int, str, str]]:
        """See the port."""
        return [(row.seq, row.revision, row.content, row.body) for row in await self._rows(ASSIGNED, {})]

    async def topics(self) -> Sequence[str]:
        """See the port."""
        topics = [str(row.body) for row in await self._rows(TOPICS, {})]
        return [*topics, *(str(row.body) for row in await self._rows(LAST_REGROUP, {}))]

    async def imported(self) -> Sequence[str]:
        """See the port."""
        return [str(row.body) for row in await self._rows(IMPORTED, {})]

    async def unassigned(self, after_seq: int, limit: int) -> Sequence[tuple[int, int, str]]:
        """See the port."""
        return [
            (row.seq, row.revision, row.content)
            for row in await self._rows(UNASSIGNED, {"after": after_seq, "limit": limit})
        ]

    async def _rows(self, statement: TextClause, parameters: dict[str, int]) -> Sequence[Row[Any]]:
        try:
            async with self._database.engine.connect() as connection:
                return (await connection.execute(statement, parameters)).all()
        except DATABASE_ERRORS as error:
            raise TransientError("Postgres does not answer; the topics wait for it.", retry_in=2) from error
