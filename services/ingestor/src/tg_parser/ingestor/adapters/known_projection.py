"""Folds what was told into what is known: the ingestor's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.messages import (
    ChannelObserved,
    Covered,
    IngestCompleted,
    IngestPageCommitted,
    IngestRefused,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageMetricsObserved,
    MessageRestored,
)
from tg_parser.contracts.sources import FloodWaited, GapDetected, GapFilled
from tg_parser.ingestor.adapters import heirloom_rows, known_rows
from tg_parser.ingestor.adapters.known_rows import Row, write
from tg_parser.ingestor.coverage import united

CHANNELS: Final = text(
    "INSERT INTO ingestor.channel AS known "
    "(channel_id, title, channel_type, username, predecessor_id, discussion_id, protected, seq) "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:titles as text[]), cast(:types as text[]), cast(:usernames as text[]), "
    "cast(:predecessors as text[]), cast(:discussions as text[]), cast(:protected as boolean[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (channel_id) DO UPDATE SET title = excluded.title, channel_type = excluded.channel_type, "
    "username = excluded.username, predecessor_id = excluded.predecessor_id, discussion_id = excluded.discussion_id, "
    "protected = excluded.protected, seq = excluded.seq WHERE known.seq < excluded.seq"
)
PAGES: Final = text(
    "INSERT INTO ingestor.progress (workflow_id, generation, page, cursor, resume, ingested, edited, known, rejected) "
    "SELECT * FROM unnest(cast(:workflows as text[]), cast(:generations as integer[]), cast(:pages as integer[]), "
    "cast(:cursors as bigint[]), cast(:resumes as text[]), cast(:ingested as integer[]), cast(:edited as integer[]), "
    "cast(:known as integer[]), cast(:rejected as integer[])) ON CONFLICT DO NOTHING"
)
FINISHED: Final = text(
    "INSERT INTO ingestor.finished (workflow_id, generation) "
    "SELECT * FROM unnest(cast(:workflows as text[]), cast(:generations as integer[])) ON CONFLICT DO NOTHING"
)
COVERED: Final = text(
    "SELECT channel_id, first, last FROM ingestor.coverage WHERE channel_id = any(cast(:ids as text[]))"
)
FORGET_COVERED: Final = text("DELETE FROM ingestor.coverage WHERE channel_id = any(cast(:ids as text[]))")
COVER: Final = text(
    "INSERT INTO ingestor.coverage (channel_id, first, last) "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:firsts as bigint[]), cast(:lasts as bigint[]))"
)
OPEN_GAPS: Final = text(
    "INSERT INTO ingestor.gap (channel_id, first, last) "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:firsts as bigint[]), cast(:lasts as bigint[])) "
    "ON CONFLICT (channel_id, first) DO UPDATE SET last = excluded.last"
)
CLOSE_GAPS: Final = text(
    "DELETE FROM ingestor.gap USING unnest(cast(:ids as text[]), cast(:firsts as bigint[]), cast(:lasts as bigint[])) "
    "AS filled (channel_id, first, last) WHERE gap.channel_id = filled.channel_id AND gap.first = filled.first "
    "AND gap.last = filled.last"
)
FLOODS: Final = text(
    "INSERT INTO ingestor.flood AS known (account, method, until) "
    "SELECT * FROM unnest(cast(:accounts as text[]), cast(:methods as text[]), cast(:untils as timestamptz[])) "
    "ON CONFLICT (account, method) DO UPDATE SET until = greatest(known.until, excluded.until)"
)

TABLES: Final = "message erased_channel channel progress finished coverage gap flood heirloom"


class KnownProjection:
    """`Projection` of all that the ingestor ever told."""

    name = "ingestor.known"
    filters = tuple(
        subjects.fact_filter(fact)
        for fact in (
            MessageIngested,
            MessageEdited,
            MessageEnriched,
            MessageDeleted,
            MessageRestored,
            MessageErased,
            ErasureRequested,
            ChannelErasureRequested,
            MessageMetricsObserved,
            ChannelObserved,
            IngestPageCommitted,
            IngestCompleted,
            IngestRefused,
            GapDetected,
            GapFilled,
            FloodWaited,
            *heirloom_rows.HEARD,
        )
    )
    tables = tuple(f"ingestor.{table}" for table in TABLES.split())

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See the chassis."""
        kinds: dict[str, list[Recorded]] = {}
        for entry in batch:
            kinds.setdefault(entry.type.rpartition(".v")[0], []).append(entry)
        await known_rows.fold_messages(connection, kinds)
        await heirloom_rows.fold(connection, kinds)
        channels = _channels(kinds.get(ChannelObserved.TYPE, ()))
        await write(
            connection, CHANNELS, channels, "ids titles types usernames predecessors discussions protected seqs"
        )
        pages = [(entry, entry.message) for entry in kinds.get(IngestPageCommitted.TYPE, ())]
        committed = [(entry, page) for entry, page in pages if isinstance(page, IngestPageCommitted)]
        await write(connection, PAGES, *_pages(committed))
        await _cover(connection, [stretch for _, page in committed for stretch in page.covered])
        ends = [*kinds.get(IngestCompleted.TYPE, ()), *kinds.get(IngestRefused.TYPE, ())]
        finished = [(entry.workflow_id, entry.generation) for entry in ends]
        await write(connection, FINISHED, finished, "workflows generations")
        await _fold_gaps(connection, [*kinds.get(GapDetected.TYPE, ()), *kinds.get(GapFilled.TYPE, ())])
        await write(connection, FLOODS, _floods(kinds.get(FloodWaited.TYPE, ())), "accounts methods untils")


async def _cover(connection: AsyncConnection, stretches: Sequence[Covered]) -> None:
    if not stretches:
        return
    intervals: dict[str, list[tuple[int, int]]] = {}
    for stretch in stretches:
        intervals.setdefault(stretch.channel_id, []).append((stretch.first, stretch.last))
    ids = {"ids": list(intervals)}
    for row in await connection.execute(COVERED, ids):
        intervals[row.channel_id].append((row.first, row.last))
    rows = [(channel_id, *interval) for channel_id, several in intervals.items() for interval in united(several)]
    await connection.execute(FORGET_COVERED, ids)
    await write(connection, COVER, rows, "ids firsts lasts")


async def _fold_gaps(connection: AsyncConnection, entries: Sequence[Recorded]) -> None:
    """In the order of the log: a gap may be found and filled in one batch."""
    for entry in sorted(entries, key=lambda entry: entry.seq):
        gap = entry.message
        if isinstance(gap, GapDetected | GapFilled):
            statement = OPEN_GAPS if isinstance(gap, GapDetected) else CLOSE_GAPS
            await write(connection, statement, [(gap.channel_id, gap.first, gap.last)], "ids firsts lasts")


def _channels(entries: Iterable[Recorded]) -> Sequence[Row]:
    rows: dict[str, Row] = {}
    for entry in entries:
        seen = entry.message
        if isinstance(seen, ChannelObserved):
            relations = (seen.username, seen.predecessor_id, seen.discussion_id, seen.protected)
            rows[seen.channel_id] = (seen.channel_id, seen.title, seen.channel_type, *relations, entry.seq)
    return list(rows.values())


def _pages(committed: Iterable[tuple[Recorded, IngestPageCommitted]]) -> tuple[Sequence[Row], str]:
    rows: list[Row] = []
    for entry, page in committed:
        counts = (page.ingested, page.edited, len(page.known), len(page.rejected))
        rows.append((entry.workflow_id, entry.generation, page.page, page.cursor, page.resume, *counts))
    return rows, "workflows generations pages cursors resumes ingested edited known rejected"


def _floods(entries: Iterable[Recorded]) -> Sequence[Row]:
    untils: dict[tuple[str, str], Any] = {}
    for entry in entries:
        flood = entry.message
        if isinstance(flood, FloodWaited):
            untils[flood.account, flood.method] = flood.at + timedelta(seconds=flood.seconds)
    return [(*key, until) for key, until in untils.items()]
