"""Registered sources as a person wants to see them: one row each, folded from the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.messages import ChannelObserved
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import (
    GapDetected,
    GapFilled,
    SourceAdded,
    SourcePaused,
    SourceRead,
    SourceRemoved,
    SourceResumed,
    SourceRunStarted,
)
from tg_parser.contracts.subjects import fact_filter

HEARD: Final = (
    SourceAdded,
    SourcePaused,
    SourceResumed,
    SourceRemoved,
    SourceRead,
    SourceRunStarted,
    GapDetected,
    GapFilled,
    ChannelObserved,
)
ADDED: Final = text(
    "INSERT INTO gateway.source (source_id, definition, seq) VALUES (:source_id, cast(:body AS jsonb), :seq) "
    "ON CONFLICT (source_id) DO UPDATE SET definition = excluded.definition, seq = excluded.seq, removed = false, "
    "reading = CASE WHEN gateway.source.reading->>'state' = 'refused' THEN NULL ELSE gateway.source.reading END"
)
PAUSED: Final = text("UPDATE gateway.source SET paused = true, seq = :seq WHERE source_id = :source_id")
RESUMED: Final = text(
    "UPDATE gateway.source SET paused = false, seq = :seq, "
    "reading = CASE WHEN reading->>'state' = 'refused' THEN NULL ELSE reading END WHERE source_id = :source_id"
)
REMOVED: Final = text(
    "UPDATE gateway.source SET removed = true, paused = false, seq = :seq WHERE source_id = :source_id"
)
READ: Final = text("UPDATE gateway.source SET reading = cast(:body AS jsonb), seq = :seq WHERE source_id = :source_id")
RAN: Final = text("UPDATE gateway.source SET last_run = :workflow_id, seq = :seq WHERE source_id = :source_id")
GAP: Final = text(
    "INSERT INTO gateway.gap (channel_id, first, last) VALUES (:channel_id, :first, :last) "
    "ON CONFLICT (channel_id, first) DO UPDATE SET last = excluded.last"
)
FILLED: Final = text("DELETE FROM gateway.gap WHERE channel_id = :channel_id AND first = :first AND last = :last")
CHANNEL: Final = text(
    "INSERT INTO gateway.channel AS known (channel_id, title, username) VALUES (:channel_id, :title, :username) "
    "ON CONFLICT (channel_id) DO UPDATE SET title = excluded.title, username = coalesce(excluded.username, known.username)"
)


class SourcesProjection:
    """See `Projection`. Few facts: each is a statement of its own."""

    name = "gateway.sources"
    filters = tuple(fact_filter(fact) for fact in HEARD)
    tables = ("gateway.source", "gateway.channel", "gateway.gap")

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`."""
        for entry in batch:
            await _fold(connection, entry.message, entry.seq)


async def _fold(connection: AsyncConnection, fact: Message, seq: int) -> None:
    match fact:
        case SourceAdded() | SourceRead():
            statement = ADDED if isinstance(fact, SourceAdded) else READ
            row: Mapping[str, object] = {"source_id": fact.source_id, "body": fact.model_dump_json(), "seq": seq}
        case SourcePaused() | SourceResumed() | SourceRemoved():
            statement = {SourcePaused: PAUSED, SourceResumed: RESUMED, SourceRemoved: REMOVED}[type(fact)]
            row = {"source_id": fact.source_id, "seq": seq}
        case SourceRunStarted():
            statement, row = RAN, {"source_id": fact.source_id, "workflow_id": fact.workflow_id, "seq": seq}
        case GapDetected() | GapFilled():
            statement = GAP if isinstance(fact, GapDetected) else FILLED
            row = {"channel_id": fact.channel_id, "first": fact.first, "last": fact.last}
        case ChannelObserved():
            statement = CHANNEL
            row = {"channel_id": fact.channel_id, "title": fact.title, "username": fact.username}
        case _:
            return
    await connection.execute(statement, row)
