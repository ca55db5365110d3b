"""What is kept of each message: the fold of everything told about it, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import MalformedMessage
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.ids import MessageType, source_ref
from tg_parser.contracts.messages import (
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageMetricsObserved,
    MessageRestored,
)
from tg_parser.contracts.upcasts import upcast

MESSAGES: Final = text(
    "INSERT INTO ingestor.message AS known (source_ref, content_hash, revision, seq, told_by, kinds) "
    "SELECT ref, hash, revision, seq, told_by, array[kind] FROM unnest(cast(:refs as text[]), cast(:hashes as text[]), "
    "cast(:revisions as integer[]), cast(:seqs as bigint[]), cast(:told_by as text[]), cast(:kinds as text[])) "
    "AS told (ref, hash, revision, seq, told_by, kind) "
    "ON CONFLICT (source_ref) DO UPDATE SET content_hash = excluded.content_hash, "
    "revision = greatest(known.revision, excluded.revision), seq = excluded.seq, "
    "told_by = coalesce(nullif(excluded.told_by, ''), known.told_by), "
    "kinds = CASE WHEN excluded.kinds <@ known.kinds THEN known.kinds ELSE known.kinds || excluded.kinds END "
    "WHERE known.seq < excluded.seq"
)
PRESENCE: Final = text(
    "UPDATE ingestor.message SET deleted = told.deleted "
    "FROM unnest(cast(:refs as text[]), cast(:deleted as boolean[])) AS told (ref, deleted) WHERE source_ref = told.ref"
)
ERASED: Final = text(
    "INSERT INTO ingestor.message (source_ref, content_hash, revision, seq, told_by, kinds, deleted, erased) "
    "SELECT DISTINCT ref, '', 0, 0, '', cast('{}' as text[]), true, true FROM unnest(cast(:refs as text[])) AS ref "
    "ON CONFLICT (source_ref) DO UPDATE SET erased = true, deleted = true, content_hash = ''"
)
"""Also of messages never seen: one that is to be erased is not to be taken later either."""
ERASED_CHANNELS: Final = text(
    "INSERT INTO ingestor.erased_channel (channel_id) SELECT unnest(cast(:ids as text[])) ON CONFLICT DO NOTHING"
)
ERASED_OF_CHANNELS: Final = text(
    "UPDATE ingestor.message SET erased = true, deleted = true, content_hash = '' "
    "FROM unnest(cast(:ids as text[])) AS id WHERE starts_with(source_ref, 'tg:' || id || ':')"
)
SAMPLES: Final = text(
    "UPDATE ingestor.message AS known SET sampled = greatest(known.sampled, told.sampled) "
    "FROM unnest(cast(:refs as text[]), cast(:samples as smallint[])) AS told (ref, sampled) WHERE known.source_ref = told.ref"
)
Row = tuple[Any, ...]


class _Name(BaseModel):
    channel_id: str
    message_id: int
    message_type: MessageType = "post"


class _Observed(BaseModel):
    """What is kept of a fact about a message: reading this much takes a third of reading all of it."""

    message: _Name
    content_hash: str
    source_kind: str
    revision: int = 0


class _Sample(BaseModel):
    source_ref: str
    sample: int


async def fold_messages(connection: AsyncConnection, kinds: Mapping[str, Sequence[Recorded]]) -> None:
    """Fold the facts about messages among `kinds`, which are by type."""
    for rows in _in_turns([entry for fact in OBSERVED for entry in kinds.get(fact, ())]):
        await write(connection, MESSAGES, rows, "refs hashes revisions seqs told_by kinds")
    presence = sorted((entry for fact in PRESENT for entry in kinds.get(fact, ())), key=lambda entry: entry.seq)
    deleted = {_ref(entry): not PRESENT[entry.type.rpartition(".v")[0]] for entry in presence}
    await write(connection, PRESENCE, list(deleted.items()), "refs deleted")
    await _fold_erased(connection, kinds)
    samples: dict[str, int] = {}
    for entry in kinds.get(MessageMetricsObserved.TYPE, ()):
        told = _Sample.model_validate_json(entry.body)
        samples[told.source_ref] = max(told.sample, samples.get(told.source_ref, -1))
    await write(connection, SAMPLES, list(samples.items()), "refs samples")


async def _fold_erased(connection: AsyncConnection, kinds: Mapping[str, Sequence[Recorded]]) -> None:
    """What is asked to be erased is taken from no source any more, long before it is erased."""
    refs = [_ref(entry) for entry in kinds.get(MessageErased.TYPE, ())]
    for entry in kinds.get(ErasureRequested.TYPE, ()):
        if isinstance(request := entry.message, ErasureRequested):
            refs += request.source_refs
    await write(connection, ERASED, [(ref,) for ref in refs], "refs")
    channels = kinds.get(ChannelErasureRequested.TYPE, ())
    ids = [(entry.message.channel_id,) for entry in channels if isinstance(entry.message, ChannelErasureRequested)]
    await write(connection, ERASED_CHANNELS, ids, "ids")
    await write(connection, ERASED_OF_CHANNELS, ids, "ids")


OBSERVED: Final = (MessageIngested.TYPE, MessageEdited.TYPE, MessageEnriched.TYPE)
PRESENT: Final = {MessageDeleted.TYPE: False, MessageErased.TYPE: False, MessageRestored.TYPE: True}


async def write(connection: AsyncConnection, statement: TextClause, rows: Sequence[Row], columns: str) -> None:
    """All rows in one statement, a column an array."""
    if rows:
        await connection.execute(statement, dict(zip(columns.split(), map(list, zip(*rows, strict=True)), strict=True)))


def _in_turns(entries: Sequence[Recorded]) -> Sequence[Sequence[Row]]:
    """The rows in order, in as few turns as possible: one statement cannot touch a row twice."""
    turns: list[dict[str, Row]] = []
    count: dict[str, int] = {}
    for entry in sorted(entries, key=lambda entry: entry.seq):
        row = _row(entry)
        turn = count[row[0]] = count.get(row[0], -1) + 1
        if turn == len(turns):
            turns.append({})
        turns[turn][row[0]] = row
    return [list(turn.values()) for turn in turns]


def _row(entry: Recorded) -> Row:
    """An enriched message keeps who ingested it: its workflow has nothing to settle."""
    seen = _observed(entry)
    name = seen.message
    ref = source_ref(name.channel_id, name.message_type, name.message_id)
    enriched = entry.type.startswith(MessageEnriched.TYPE)
    told_by = "" if enriched else f"{entry.workflow_id}/{entry.generation}"
    return ref, seen.content_hash, seen.revision, entry.seq, told_by, seen.source_kind


def _observed(entry: Recorded) -> _Observed:
    _, body = upcast(entry.type, entry.body)
    try:
        return _Observed.model_validate_json(body)
    except ValidationError as invalid:
        raise MalformedMessage(f"{entry.type} at {entry.seq} cannot be read.") from invalid


def _ref(entry: Recorded) -> str:
    return str(getattr(entry.message, "source_ref", ""))
