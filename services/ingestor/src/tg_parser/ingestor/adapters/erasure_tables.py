"""`ErasureDesk` over the ingestor's tables and the locks its readings hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, TextClause, text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.contracts.messages import CountedIn
from tg_parser.ingestor.ports import OpenKnowledge

PATIENCE: Final = 5.0  # seconds a reading in progress is waited for before something else is done
BUSY: Final = 5.0  # seconds until the next attempt
MESSAGES: Final = text(
    "SELECT source_ref FROM ingestor.message WHERE starts_with(source_ref, 'tg:' || :channel || ':') "
    'ORDER BY source_ref COLLATE "C"'
)
NOTE: Final = text(
    "INSERT INTO ingestor.erasure (source_ref, workflow_id, generation) "
    "SELECT * FROM unnest(cast(:refs as text[]), cast(:workflows as text[]), cast(:generations as integer[])) "
    "ON CONFLICT DO NOTHING"
)
NOTED: Final = text(
    "SELECT source_ref, workflow_id, generation FROM ingestor.erasure "
    "WHERE source_ref = any(cast(:refs as text[])) ORDER BY 1, 2, 3"
)


@dataclass(frozen=True, slots=True)
class ErasureTables:
    """See the port. `open_knowledge` opens the view whose claims readings hold, too."""

    database: Database
    open_knowledge: OpenKnowledge

    async def close(self, channel_id: str) -> None:
        """See the port."""
        try:
            async with asyncio.timeout(PATIENCE), self.open_knowledge(f"erasure of {channel_id}") as knowledge:
                await knowledge.claim(channel_id)
        except TimeoutError as busy:
            raise Postponed(f"Channel {channel_id} is being read.", retry_in=BUSY) from busy

    async def messages_of(self, channel_id: str) -> Sequence[str]:
        """See the port."""
        return [row.source_ref for row in await self._rows(MESSAGES, channel=channel_id)]

    async def note(self, counted: Collection[tuple[str, CountedIn]]) -> None:
        """See the port."""
        if not counted:
            return
        columns = {
            "refs": [ref for ref, _ in counted],
            "workflows": [workflow.workflow_id for _, workflow in counted],
            "generations": [workflow.generation for _, workflow in counted],
        }
        async with _reachable(), self.database.begin() as connection:
            await connection.execute(NOTE, columns)

    async def noted(self, refs: Collection[str]) -> Sequence[tuple[str, CountedIn]]:
        """See the port."""
        found = await self._rows(NOTED, refs=list(refs))
        return [(row.source_ref, CountedIn(workflow_id=row.workflow_id, generation=row.generation)) for row in found]

    async def _rows(self, statement: TextClause, **parameters: Any) -> Sequence[Row[Any]]:
        async with _reachable(), self.database.engine.connect() as connection:
            return (await connection.execute(statement, parameters)).all()


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise TransientError("Postgres does not answer; the erasure waits for it.", retry_in=2) from error
