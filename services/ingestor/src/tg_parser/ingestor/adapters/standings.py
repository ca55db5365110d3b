"""The limiter's memory: pauses Telegram asked for, learnt rates and what is left of the day outlive this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.ingestor.limiter import Limiter, Standing

log = structlog.get_logger(__name__)

KEEP_EVERY: Final = 30.0  # seconds; a pause is kept at once
LOAD: Final = text("SELECT method, account, bucket::text FROM ingestor.standing")
KEEP: Final = text(
    "INSERT INTO ingestor.standing AS known (method, account, bucket) "
    "SELECT method, account, cast(bucket as jsonb) FROM unnest(cast(:methods as text[]), cast(:accounts as text[]), "
    "cast(:buckets as text[])) AS told (method, account, bucket) "
    "ON CONFLICT (method, account) DO UPDATE SET bucket = excluded.bucket "
    "WHERE (excluded.bucket->>'blocked_until')::float >= (known.bucket->>'blocked_until')::float"
)
"""Another process may have met a later pause since: that one is not shortened."""


@dataclass(slots=True)
class KeptStandings:
    """Keeps what a limiter learns, in the ingestor's tables."""

    database: Database
    limiter: Limiter
    _kept: tuple[Standing, ...] = ()
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def restore(self) -> None:
        """Give the limiter what was kept. Rows of methods this version does not know are left where they are."""
        async with self.database.begin() as connection:
            rows = (await connection.execute(LOAD)).all()
        found = [{"method": row.method, "account": row.account, "bucket": json.loads(row.bucket)} for row in rows]
        self.limiter.restore(standing for entry in found if (standing := _known(entry)))
        self._kept = self.limiter.standings()

    async def keep(self) -> None:
        """Keep what has changed. Postgres being away is no reason to stop: the limiter itself forgets nothing meanwhile."""
        async with self._turn:
            now = self.limiter.standings()
            changed = [standing for standing in now if standing not in self._kept]
            if not changed:
                return
            try:
                await self._write(changed)
            except DATABASE_ERRORS as error:
                log.warning("Pauses could not be kept yet.", action="standings_retry", error=str(error)[:300])
                return
            self._kept = now

    async def run(self) -> None:
        """Keep for ever; a supervised task. What the last seconds brought is kept when it is cancelled."""
        try:
            while True:
                await asyncio.sleep(KEEP_EVERY)
                await self.keep()
        finally:
            await self.keep()

    async def _write(self, standings: Sequence[Standing]) -> None:
        columns = {
            "methods": [standing.method for standing in standings],
            "accounts": [standing.account for standing in standings],
            "buckets": [standing.bucket.model_dump_json() for standing in standings],
        }
        async with self.database.begin() as connection:
            await connection.execute(KEEP, columns)


def _known(entry: object) -> Standing | None:
    try:
        return Standing.model_validate(entry)
    except ValueError:
        return None
