"""Paid answers in Postgres: stored before anybody hears of them, so that no crash makes us pay twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.llm.port import StructuredResult
from tg_parser.processor.adapters.grouped import Grouped

RETRY = 1.0  # seconds between attempts to store an answer while Postgres is away
TRIES = 120

SELECT = text("SELECT key, result FROM processor.answer WHERE key = any(cast(:keys as text[]))")
INSERT = text(
    "INSERT INTO processor.answer (key, result, source_ref) "
    "SELECT * FROM unnest(cast(:keys as text[]), cast(:results as text[]), cast(:refs as text[])) ON CONFLICT (key) DO NOTHING"
)
FORGET = text("DELETE FROM processor.answer WHERE source_ref = any(cast(:refs as text[]))")


class StoredAnswers:
    """`AnswerCache` over the table `processor.answer`. Raises TransientError while Postgres is away.

    An answer belongs to the message that was paid for: when that is erased, it goes, whoever else said the same words.
    """

    def __init__(
        self, database: Database, gets: Grouped[str, str | None], puts: Grouped[tuple[str, str, str], None]
    ) -> None:
        self._database = database
        self._gets = gets
        self._puts = puts
        self._erased: set[str] = set()

    async def get(self, key: str) -> StructuredResult | None:
        """See the port."""
        stored = await self._gets.ask(key)
        return None if stored is None else StructuredResult.model_validate_json(stored)

    async def put(self, key: str, result: StructuredResult, about: str = "") -> None:
        """See the port. What came too late for `forget` is forgotten at once.

        An answer that cost something waits for Postgres to come back: lost, it would be paid for again.
        """
        stored = result.model_dump_json()
        for left in reversed(range(1 if result.cost_micros == 0 else TRIES)):
            try:
                await self._puts.ask((key, stored, about))
                break
            except TransientError:
                if not left:
                    raise
                await asyncio.sleep(RETRY)
        if about in self._erased:
            await self.forget([about])

    async def forget(self, refs: Collection[str]) -> None:
        """Delete what was answered about these messages, and keep nothing about them from now on."""
        self._erased.update(refs)
        async with _reachable(), self._database.begin() as connection:
            await connection.execute(FORGET, {"refs": list(refs)})


@asynccontextmanager
async def open_answers(database: Database) -> AsyncIterator[StoredAnswers]:
    """The answers, read and written in groups."""

    async def select(keys: Sequence[str]) -> Sequence[str | None]:
        async with _reachable(), database.engine.connect() as connection:
            rows = await connection.execute(SELECT, {"keys": list(keys)})
            found = {row.key: row.result for row in rows}
        return [found.get(key) for key in keys]

    async def insert(answers: Sequence[tuple[str, str, str]]) -> Sequence[None]:
        keys, results, refs = zip(*sorted({answer[0]: answer for answer in answers}.values()), strict=True)
        async with _reachable(), database.begin() as connection:
            await connection.execute(INSERT, {"keys": list(keys), "results": list(results), "refs": list(refs)})
        return [None] * len(answers)

    async with Grouped(select) as gets, Grouped(insert) as puts:
        yield StoredAnswers(database, gets, puts)


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise TransientError("Postgres does not answer; the message is tried again.", retry_in=2) from error
