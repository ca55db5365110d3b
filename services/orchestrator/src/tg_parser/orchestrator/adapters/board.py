"""The notices in the ledger's table."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from tg_parser.chassis.database import Database
from tg_parser.orchestrator.ports import Notice

WAITING = text("""
SELECT workflow_id, generation, kind, seq, body FROM orchestrator.notice WHERE NOT announced ORDER BY seq, kind LIMIT :limit
""")
ANNOUNCED = text("""
UPDATE orchestrator.notice SET announced = true
WHERE workflow_id = :workflow_id AND generation = :generation AND kind = :kind AND seq = :seq
""")


@dataclass(frozen=True, slots=True)
class PostgresBoard:
    """Reads notices and ticks them off."""

    database: Database

    async def waiting(self, limit: int) -> list[Notice]:
        """Those not ticked off, in the order of the log."""
        async with self.database.begin() as connection:
            return [Notice(*row) for row in await connection.execute(WAITING, {"limit": limit})]

    async def announced(self, notice: Notice) -> None:
        """Tick one off."""
        key = {
            "workflow_id": notice.workflow_id,
            "generation": notice.generation,
            "kind": notice.kind,
            "seq": notice.seq,
        }
        async with self.database.begin() as connection:
            await connection.execute(ANNOUNCED, key)
