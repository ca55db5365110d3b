"""The ledger's tables as the dispatcher, the sweeper and the progress teller use them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.database import Database
from tg_parser.contracts.jobs import Lane, ModelChoice, ProcessingOptions
from tg_parser.contracts.workflows import StageCounts, WorkflowProgress
from tg_parser.orchestrator.ports import OpenWorkflow, Scope, Turn, Waiting

OPEN_WORKFLOWS = text("""
SELECT workflow_id, generation, lane, provider, model, options, (
    SELECT count(*) FROM orchestrator.workflow_item AS item
    WHERE (item.workflow_id, item.generation) = (workflow.workflow_id, workflow.generation)
      AND outcome IS NULL AND issued_at IS NOT NULL) AS in_flight
FROM orchestrator.workflow AS workflow
WHERE open AND EXISTS (
    SELECT FROM orchestrator.workflow_item AS item
    WHERE (item.workflow_id, item.generation) = (workflow.workflow_id, workflow.generation)
      AND outcome IS NULL AND issued_at IS NULL AND seq > 0)
ORDER BY workflow_id
""")
TAKE = text("SELECT 1 FROM orchestrator.workflow WHERE workflow_id = :workflow_id AND open FOR UPDATE SKIP LOCKED")
WAITING = text("""
SELECT item_key, item.seq, issues, coalesce(pipeline_key, '') AS pipeline_key, coalesce(content_hash, '') AS content_hash,
       coalesce(title, '') AS channel_title, coalesce(imported.seq, 0) AS imported_seq
FROM orchestrator.workflow_item AS item
LEFT JOIN orchestrator.item_pipeline AS known ON known.source_ref = item.item_key
LEFT JOIN orchestrator.imported_document AS imported ON imported.source_ref = item.item_key
LEFT JOIN orchestrator.channel AS channel ON channel.channel_id = split_part(item.item_key, ':', 2)
WHERE workflow_id = :workflow_id AND generation = :generation AND outcome IS NULL AND issued_at IS NULL AND item.seq > 0
ORDER BY item.seq LIMIT :limit
""")
ISSUED = text("""
UPDATE orchestrator.workflow_item SET issued_at = :at, issues = issues + 1
WHERE workflow_id = :workflow_id AND generation = :generation AND stage = 'process'
  AND item_key = ANY(cast(:item_keys AS text[]))
""")
OPEN = text("""
INSERT INTO orchestrator.workflow (workflow_id, generation, lane, provider, model, options, open)
VALUES (:workflow_id, :generation, :lane, :provider, :model, :options, true)
ON CONFLICT (workflow_id) DO UPDATE SET generation = excluded.generation, lane = excluded.lane,
    provider = excluded.provider, model = excluded.model, options = excluded.options, open = true
""")
CLOSE = text("UPDATE orchestrator.workflow SET open = false WHERE workflow_id = :workflow_id")
OVERDUE = text("""
SELECT workflow_id, generation FROM orchestrator.workflow AS workflow
WHERE open AND EXISTS (
    SELECT FROM orchestrator.workflow_item AS item
    WHERE (item.workflow_id, item.generation) = (workflow.workflow_id, workflow.generation)
      AND outcome IS NULL AND issued_at < :before)
""")
TAKE_BACK = text("""
UPDATE orchestrator.workflow_item SET issued_at = NULL
WHERE workflow_id = :workflow_id AND generation = :generation AND outcome IS NULL AND issued_at < :before
""")
REOPEN = text("""
UPDATE orchestrator.workflow_item AS item SET issued_at = NULL
FROM orchestrator.workflow AS workflow
WHERE workflow.workflow_id = :workflow_id
  AND (item.workflow_id, item.generation) = (workflow.workflow_id, workflow.generation)
  AND outcome IS NULL AND issued_at IS NOT NULL
""")
SETTLED = text("""
SELECT 1 FROM orchestrator.workflow_item
WHERE workflow_id = :workflow_id AND generation = :generation AND item_key = :item_key AND outcome IS NOT NULL
""")
PROGRESS = text("""
SELECT workflow_id, generation, expected, items, done, failed, skipped, cost_micros
FROM orchestrator.workflow_stage
JOIN unnest(cast(:workflow_id AS text[]), cast(:generation AS integer[])) AS touched (workflow_id, generation)
  USING (workflow_id, generation)
WHERE stage = 'process'
""")


@dataclass(frozen=True, slots=True)
class PostgresTurn:
    """One workflow's messages, while its row is locked."""

    connection: AsyncConnection
    scope: Scope

    @property
    def _where(self) -> dict[str, object]:
        return {"workflow_id": self.scope[0], "generation": self.scope[1]}

    async def waiting(self, limit: int) -> list[Waiting]:
        """The first messages without a job."""
        found = await self.connection.execute(WAITING, {**self._where, "limit": limit})
        return [Waiting(*row) for row in found]

    async def issued(self, item_keys: Sequence[str], at: datetime) -> None:
        """Note their jobs."""
        await self.connection.execute(ISSUED, {**self._where, "item_keys": list(item_keys), "at": at})


@dataclass(frozen=True, slots=True)
class PostgresDesk:
    """Reads and writes the tables, each call in a transaction of its own."""

    database: Database

    async def open_workflows(self) -> list[OpenWorkflow]:
        """Those with messages that have no job."""
        async with self.database.begin() as connection:
            found = await connection.execute(OPEN_WORKFLOWS)
            return [
                OpenWorkflow(
                    row.workflow_id,
                    row.generation,
                    row.lane,
                    _choice(row.provider, row.model),
                    row.in_flight,
                    _options(row.options),
                )
                for row in found
            ]

    @asynccontextmanager
    async def turn(self, workflow: OpenWorkflow) -> AsyncIterator[Turn | None]:
        """Lock the workflow's row: `close` waits for the lock, and so no job is issued after a purge."""
        async with self.database.begin() as connection:
            taken = (await connection.execute(TAKE, {"workflow_id": workflow.workflow_id})).first()
            yield PostgresTurn(connection, workflow.scope) if taken else None

    async def open(
        self,
        workflow_id: str,
        generation: int,
        lane: Lane,
        choice: ModelChoice,
        options: ProcessingOptions | None = None,
    ) -> None:
        """Write the workflow's row."""
        row = {"workflow_id": workflow_id, "generation": generation, "lane": lane, **choice.model_dump()}
        row["options"] = options.model_dump_json() if options else ""
        async with self.database.begin() as connection:
            await connection.execute(OPEN, row)

    async def reopen(self, workflow_id: str) -> None:
        """Forget that any job was issued, but for messages with an outcome."""
        async with self.database.begin() as connection:
            await connection.execute(REOPEN, {"workflow_id": workflow_id})

    async def close(self, workflow_id: str) -> None:
        """Close the workflow's row, if it has one."""
        async with self.database.begin() as connection:
            await connection.execute(CLOSE, {"workflow_id": workflow_id})

    async def overdue(self, before: datetime) -> list[Scope]:
        """Those with a job issued before `before` and no outcome."""
        async with self.database.begin() as connection:
            return [(row[0], row[1]) for row in await connection.execute(OVERDUE, {"before": before})]

    async def take_back(self, scope: Scope, before: datetime) -> int:
        """Forget that those jobs were issued."""
        where = {"workflow_id": scope[0], "generation": scope[1], "before": before}
        async with self.database.begin() as connection:
            return (await connection.execute(TAKE_BACK, where)).rowcount

    async def settled(self, scope: Scope, item_key: str) -> bool:
        """Look at the message's row."""
        key = {"workflow_id": scope[0], "generation": scope[1], "item_key": item_key}
        async with self.database.begin() as connection:
            return (await connection.execute(SETTLED, key)).first() is not None

    async def progress(self, scopes: Collection[Scope], at: datetime) -> list[WorkflowProgress]:
        """The counts of those workflows that have any."""
        wanted = {"workflow_id": [scope[0] for scope in scopes], "generation": [scope[1] for scope in scopes]}
        async with self.database.begin() as connection:
            found = await connection.execute(PROGRESS, wanted)
            return [
                WorkflowProgress(
                    workflow_id=row.workflow_id,
                    generation=row.generation,
                    at=at,
                    stages={
                        "ingest": StageCounts(expected=row.expected, done=row.items),
                        "process": StageCounts(
                            expected=row.expected, done=row.done, failed=row.failed, skipped=row.skipped
                        ),
                    },
                    cost_micros=row.cost_micros,
                )
                for row in found
            ]


def _choice(provider: str, model: str) -> ModelChoice:
    return ModelChoice(provider=provider, model=model)


def _options(stored: str) -> ProcessingOptions | None:
    return ProcessingOptions.model_validate_json(stored) if stored else None
