"""`Memory` over the topicizer's own tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.ports import Change, ErasureOpen

ASSIGNED = text(
    "SELECT d.seq, d.revision, d.content, a.body FROM topicizer.document d "
    "JOIN topicizer.assignment a ON a.source_ref = d.source_ref AND a.revision = d.revision "
    "LEFT JOIN topicizer.presence p ON p.source_ref = d.source_ref "
    "WHERE a.input_seq >= d.seq AND p.gone IS NOT TRUE ORDER BY d.seq"
)
TOPICS = text('SELECT body FROM topicizer.topic ORDER BY topic_id COLLATE "C"')
LAST_REGROUP = text("SELECT body FROM topicizer.regroup ORDER BY epoch DESC LIMIT 1")
IMPORTED = text(
    "SELECT body FROM topicizer.imported_topic AS imported "
    'WHERE NOT EXISTS (SELECT FROM topicizer.topic WHERE topic_id = imported.old_id) ORDER BY old_id COLLATE "C"'
)
UNASSIGNED = text("SELECT seq, revision, content FROM topicizer.document WHERE seq > :after ORDER BY seq LIMIT :limit")

LAST_CHANGE = text("SELECT coalesce(max(seq), 0) AS seq FROM topicizer.presence")
CHANGES = text(
    "SELECT p.seq, p.source_ref, p.gone, d.seq AS document_seq, d.revision, d.content, a.body FROM topicizer.presence p "
    "LEFT JOIN topicizer.document d ON d.source_ref = p.source_ref "
    "LEFT JOIN topicizer.assignment a ON a.source_ref = d.source_ref AND a.revision = d.revision AND a.input_seq >= d.seq "
    "WHERE p.seq > :after ORDER BY p.seq, p.source_ref LIMIT :limit"
)
GONE = text("SELECT source_ref FROM topicizer.presence WHERE gone AND source_ref = any(cast(:refs as text[]))")
ERASURES = text("SELECT erasure_id, part, channel_id, refs FROM topicizer.erasure WHERE NOT answered ORDER BY seq")
IN_FORCE = text(
    "SELECT seq, input_seq, array_agg(body ORDER BY source_ref) AS bodies FROM topicizer.assignment "
    "WHERE seq = any(cast(:seqs as bigint[])) GROUP BY seq, input_seq ORDER BY seq"
)


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

    async def last_change(self) -> int:
        """See the port."""
        (row,) = await self._rows(LAST_CHANGE, {})
        return int(row.seq)

    async def changes(self, after_seq: int, limit: int) -> Sequence[Change]:
        """See the port."""
        return [
            Change(
                row.seq,
                row.source_ref,
                row.gone,
                None if row.body is None else (row.document_seq, row.revision, row.content, row.body),
            )
            for row in await self._rows(CHANGES, {"after": after_seq, "limit": limit})
        ]

    async def gone(self, refs: Collection[str]) -> Sequence[str]:
        """See the port."""
        return [row.source_ref for row in await self._rows(GONE, {"refs": list(refs)})]

    async def erasures(self) -> Sequence[ErasureOpen]:
        """See the port."""
        rows = await self._rows(ERASURES, {})
        return [ErasureOpen(row.erasure_id, row.part, row.channel_id, tuple(row.refs)) for row in rows]

    async def in_force(self, seqs: Collection[int]) -> Sequence[tuple[int, int, list[Assignment]]]:
        """See the port."""
        rows = await self._rows(IN_FORCE, {"seqs": list(seqs)})
        return [(row.seq, row.input_seq, [Assignment.model_validate_json(body) for body in row.bodies]) for row in rows]

    async def _rows(self, statement: TextClause, parameters: dict[str, Any]) -> Sequence[Row[Any]]:
        try:
            async with self._database.engine.connect() as connection:
                return (await connection.execute(statement, parameters)).all()
        except DATABASE_ERRORS as error:
            raise TransientError("Postgres does not answer; the topics wait for it.", retry_in=2) from error
