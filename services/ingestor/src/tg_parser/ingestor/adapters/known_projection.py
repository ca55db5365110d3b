"""Folds what was told into what is known: the ingestor's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ValidationError
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import MalformedMessage
from tg_parser.contracts.ids import MessageType, source_ref
from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestCompleted,
    IngestPageCommitted,
    IngestRefused,
    MessageEdited,
    MessageIngested,
)
from tg_parser.contracts.upcasts import upcast

UPSERT_MESSAGES: Final = text(
    "INSERT INTO ingestor.message AS known (source_ref, content_hash, revision, seq, edited_at, told_by) "
    "SELECT * FROM unnest(cast(:refs as text[]), cast(:hashes as text[]), cast(:revisions as integer[]), "
    "cast(:seqs as bigint[]), cast(:edited as timestamptz[]), cast(:told_by as text[])) "
    "ON CONFLICT (source_ref) DO UPDATE SET content_hash = excluded.content_hash, "
    "revision = greatest(known.revision, excluded.revision), seq = excluded.seq, edited_at = excluded.edited_at, "
    "told_by = excluded.told_by WHERE known.seq < excluded.seq"
)
UPSERT_CHANNELS: Final = text(
    "INSERT INTO ingestor.channel AS known (channel_id, title, channel_type, seq) "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:titles as text[]), cast(:types as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (channel_id) DO UPDATE SET title = excluded.title, channel_type = excluded.channel_type, "
    "seq = excluded.seq WHERE known.seq < excluded.seq"
)
INSERT_PAGES: Final = text(
    "INSERT INTO ingestor.progress (workflow_id, generation, page, cursor, ingested, edited, known, rejected) "
    "SELECT * FROM unnest(cast(:workflows as text[]), cast(:generations as integer[]), cast(:pages as integer[]), "
    "cast(:cursors as bigint[]), cast(:ingested as integer[]), cast(:edited as integer[]), cast(:known as integer[]), "
    "cast(:rejected as integer[])) ON CONFLICT DO NOTHING"
)
INSERT_FINISHED: Final = text(
    "INSERT INTO ingestor.finished (workflow_id, generation) "
    "SELECT * FROM unnest(cast(:workflows as text[]), cast(:generations as integer[])) ON CONFLICT DO NOTHING"
)
Row = tuple[Any, ...]


class _Name(BaseModel):
    channel_id: str
    message_id: int
    message_type: MessageType = "post"
    edited_at: AwareDatetime | None = None


class _Observed(BaseModel):
    """What is kept of a fact about a message: reading this much takes a third of reading all of it."""

    message: _Name
    content_hash: str
    revision: int = 0


class KnownProjection:
    """`Projection` of all that the ingestor ever told."""

    name = "ingestor.known"
    filters = tuple(
        subjects.fact_filter(fact)
        for fact in (
            MessageIngested,
            MessageEdited,
            ChannelObserved,
            IngestPageCommitted,
            IngestCompleted,
            IngestRefused,
        )
    )
    tables = ("ingestor.message", "ingestor.channel", "ingestor.progress", "ingestor.finished")

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See the chassis."""
        kinds: dict[str, list[Recorded]] = {}
        for entry in batch:
            kinds.setdefault(entry.type.rpartition(".v")[0], []).append(entry)
        messages = [*kinds.get(MessageIngested.TYPE, ()), *kinds.get(MessageEdited.TYPE, ())]
        await _write(connection, UPSERT_MESSAGES, _messages(messages), "refs hashes revisions seqs edited told_by")
        channels = _channels(kinds.get(ChannelObserved.TYPE, ()))
        await _write(connection, UPSERT_CHANNELS, channels, "ids titles types seqs")
        pages = _pages(kinds.get(IngestPageCommitted.TYPE, ()))
        await _write(
            connection, INSERT_PAGES, pages, "workflows generations pages cursors ingested edited known rejected"
        )
        ends = [*kinds.get(IngestCompleted.TYPE, ()), *kinds.get(IngestRefused.TYPE, ())]
        finished = [(entry.workflow_id, entry.generation) for entry in ends]
        await _write(connection, INSERT_FINISHED, finished, "workflows generations")


async def _write(connection: AsyncConnection, statement: TextClause, rows: Sequence[Row], columns: str) -> None:
    """All rows in one statement, a column an array."""
    if rows:
        await connection.execute(statement, dict(zip(columns.split(), map(list, zip(*rows, strict=True)), strict=True)))


def _messages(entries: Sequence[Recorded]) -> Sequence[Row]:
    rows: dict[str, Row] = {}
    for entry in sorted(entries, key=lambda entry: entry.seq):
        seen = _observed(entry)
        name = seen.message
        ref = source_ref(name.channel_id, name.message_type, name.message_id)
        told_by = f"{entry.workflow_id}/{entry.generation}"
        rows[ref] = (ref, seen.content_hash, seen.revision, entry.seq, name.edited_at, told_by)
    return list(rows.values())


def _observed(entry: Recorded) -> _Observed:
    _, body = upcast(entry.type, entry.body)
    try:
        return _Observed.model_validate_json(body)
    except ValidationError as invalid:
        raise MalformedMessage(f"{entry.type} at {entry.seq} cannot be read.") from invalid


def _channels(entries: Iterable[Recorded]) -> Sequence[Row]:
    rows: dict[str, Row] = {}
    for entry in entries:
        seen = entry.message
        if isinstance(seen, ChannelObserved):
            rows[seen.channel_id] = (seen.channel_id, seen.title, seen.channel_type, entry.seq)
    return list(rows.values())


def _pages(entries: Iterable[Recorded]) -> Sequence[Row]:
    rows: list[Row] = []
    for entry in entries:
        page = entry.message
        if isinstance(page, IngestPageCommitted):
            counts = (page.ingested, page.edited, len(page.known), len(page.rejected))
            rows.append((entry.workflow_id, entry.generation, page.page, page.cursor, *counts))
    return rows
