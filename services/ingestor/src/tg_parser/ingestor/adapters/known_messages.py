"""`Knowledge` over the tables that the projection keeps, and locks that Postgres keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.ids import parse_source_ref
from tg_parser.contracts.messages import Covered
from tg_parser.ingestor.domain import ChannelSeen, Heirloom, KnownState, Progress
from tg_parser.ingestor.judging import Recorded

CLAIM_EVERY: Final = 0.5  # seconds between attempts
CLAIM_WITHIN: Final = 3600.0  # seconds; somebody else's reading of a large channel takes minutes
LOCK: Final = text("SELECT pg_try_advisory_lock(hashtext('tg_parser.ingestor'), hashtext(:name))")
PROGRESS: Final = text(
    "SELECT coalesce(max(cursor), 0), count(*), coalesce(sum(ingested), 0), coalesce(sum(edited), 0), "
    "coalesce(sum(known), 0), coalesce(sum(rejected), 0), "
    "EXISTS (SELECT FROM ingestor.finished WHERE workflow_id = :workflow AND generation = :generation), "
    "coalesce((array_agg(resume ORDER BY page DESC))[1], '') "
    "FROM ingestor.progress WHERE workflow_id = :workflow AND generation = :generation"
)
MESSAGES: Final = text(
    "SELECT source_ref, content_hash, revision, seq, told_by, kinds, deleted, sampled, erased "
    "FROM ingestor.message WHERE source_ref = any(cast(:refs as text[]))"
)
PRESENT: Final = text(
    "SELECT source_ref FROM ingestor.message WHERE NOT deleted AND source_ref = any(array("
    "SELECT 'tg:' || :channel || ':' || kind || ':' || number FROM generate_series(cast(:first as bigint), cast(:last as bigint)) "
    "AS number, unnest(array['post', 'comment']) AS kind))"
)
ERASED_CHANNELS: Final = text(
    "SELECT channel_id FROM ingestor.erased_channel WHERE channel_id = any(cast(:ids as text[]))"
)
CHANNELS: Final = text(
    "SELECT channel_id, title, channel_type, username, predecessor_id, discussion_id, protected "
    "FROM ingestor.channel WHERE channel_id = any(cast(:ids as text[]))"
)
HEIRLOOMS: Final = text("SELECT name, digest, told_by FROM ingestor.heirloom WHERE name = any(cast(:names as text[]))")
COVERAGE: Final = text("SELECT first, last FROM ingestor.coverage WHERE channel_id = :channel ORDER BY first")
GAPS: Final = text("SELECT first, last FROM ingestor.gap WHERE channel_id = :channel")
STRETCH: Final = 10_000  # ids asked about in one statement
FETCHES: Final = 32  # facts asked of the log at once


NEVER_TO_BE_TAKEN: Final = KnownState("", 0, 0, "", deleted=True, erased=True)

FactAt = Callable[[int], Awaitable[Recorded | None]]
"""The fact about a message at a sequence of the log."""


@dataclass(frozen=True, slots=True)
class StoredKnowledge:
    """One reading's view. Everything goes over the connection that holds its locks: if that is lost, so is the view."""

    connection: AsyncConnection
    caught_up: Callable[[], Awaitable[object]]
    fact_at: FactAt
    claimed: set[str] = field(default_factory=set[str])

    async def claim(self, channel_id: str) -> None:
        """See the port."""
        await self.hold(f"channel {channel_id}", f"Channel {channel_id} is being read by another workflow.")

    async def hold(self, name: str, refusal: str) -> None:
        """Hold the lock `name` until the connection ends; then wait for what its last holder told.

        Raises TransientError with `refusal` if it does not become free.
        """
        if name in self.claimed:
            return
        try:
            async with asyncio.timeout(CLAIM_WITHIN):
                await self._locked(name)
        except TimeoutError as late:
            raise TransientError(refusal, retry_in=30) from late
        self.claimed.add(name)
        await self.caught_up()

    async def _locked(self, name: str) -> None:
        """Asks again and again: waiting inside Postgres would end at the statement time-out and hide deadlocks."""
        while True:
            (locked,) = (await self._rows(LOCK, name=name))[0]
            if locked:
                return
            await asyncio.sleep(CLAIM_EVERY)

    async def progress(self, workflow_id: str, generation: int) -> Progress:
        """See the port."""
        (found,) = await self._rows(PROGRESS, workflow=workflow_id, generation=generation)
        return Progress(*found)

    async def messages(self, source_refs: Collection[str]) -> Mapping[str, KnownState]:
        """See the port."""
        if not source_refs:
            return {}
        rows = await self._rows(MESSAGES, refs=list(source_refs))
        known = await self._of_erased_channels(source_refs)
        return known | {
            row.source_ref: KnownState(
                row.content_hash,
                row.revision,
                row.seq,
                row.told_by,
                frozenset(row.kinds),
                deleted=row.deleted,
                sampled=row.sampled,
                erased=row.erased,
            )
            for row in rows
        }

    async def _of_erased_channels(self, source_refs: Collection[str]) -> dict[str, KnownState]:
        """Messages of channels that are to be erased as a whole, also those nobody has seen before."""
        channels = {ref: parse_source_ref(ref).channel_id for ref in source_refs}
        found = await self._rows(ERASED_CHANNELS, ids=sorted(set(channels.values())))
        erased = {row.channel_id for row in found}
        return {ref: NEVER_TO_BE_TAKEN for ref, channel_id in channels.items() if channel_id in erased}

    async def recorded(self, seqs: Mapping[str, int]) -> Mapping[str, Recorded]:
        """See the port."""
        turn = asyncio.Semaphore(FETCHES)

        async def fetch(seq: int) -> Recorded | None:
            async with turn:
                return await self.fact_at(seq)

        found = await asyncio.gather(*(fetch(seq) for seq in seqs.values()))
        return {ref: fact for ref, fact in zip(seqs, found, strict=True) if fact}

    async def present(self, stretch: Covered) -> Collection[str]:
        """See the port."""
        refs: set[str] = set()
        for first in range(stretch.first, stretch.last + 1, STRETCH):
            last = min(first + STRETCH - 1, stretch.last)
            refs |= {row[0] for row in await self._rows(PRESENT, channel=stretch.channel_id, first=first, last=last)}
        return refs

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        """See the port."""
        return [(row.first, row.last) for row in await self._rows(COVERAGE, channel=channel_id)]

    async def open_gaps(self, channel_id: str) -> Collection[tuple[int, int]]:
        """See the port."""
        return [(row.first, row.last) for row in await self._rows(GAPS, channel=channel_id)]

    async def channels(self, channel_ids: Collection[str]) -> Mapping[str, ChannelSeen]:
        """See the port."""
        if not channel_ids:
            return {}
        return {row[0]: ChannelSeen(*row) for row in await self._rows(CHANNELS, ids=list(channel_ids))}

    async def heirlooms(self, names: Collection[str]) -> Mapping[str, Heirloom]:
        """See the port."""
        if not names:
            return {}
        rows = await self._rows(HEIRLOOMS, names=list(names))
        return {row.name: Heirloom(row.digest, row.told_by) for row in rows}

    async def _rows(self, statement: TextClause, **parameters: Any) -> Sequence[Row[Any]]:
        with _reachable():
            return (await self.connection.execute(statement, parameters)).all()


@dataclass(frozen=True, slots=True)
class OpenStoredKnowledge:
    """Opens the view. `caught_up` returns when everything that is in the log is in the tables."""

    database: Database
    caught_up: Callable[[], Awaitable[object]]
    fact_at: FactAt

    @asynccontextmanager
    async def __call__(self, workflow_id: str) -> AsyncIterator[StoredKnowledge]:
        """See the port."""
        with _reachable():
            pooled = await self.database.engine.connect()
            connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
        try:
            knowledge = StoredKnowledge(connection, self.caught_up, self.fact_at)
            await knowledge.hold(f"workflow {workflow_id}", f"Workflow {workflow_id} is being read by another worker.")
            yield knowledge
        finally:
            await connection.invalidate()  # its locks end with it, even if it is in no state to be asked
            await connection.close()


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise TransientError("Postgres does not answer; the reading goes on from its last page.", retry_in=2) from error
