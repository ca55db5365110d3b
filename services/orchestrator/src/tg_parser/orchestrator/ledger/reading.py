"""Facts as the rows they make. Of a body only the few fields that are needed are validated: this is the hottest path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pydantic import ValidationError

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import MalformedMessage
from tg_parser.contracts.documents import (
    DocumentImported,
    MessageFailed,
    MessageProcessed,
    MessageSkipped,
    ProcessingPaused,
    Usage,
)
from tg_parser.contracts.ids import MessageType, SourceRef
from tg_parser.contracts.jobs import JobFailed
from tg_parser.contracts.knowledge import ExportCompleted, ExportRefused
from tg_parser.contracts.messages import (
    ChannelObserved,
    CountedIn,
    IngestCompleted,
    IngestPageCommitted,
    IngestRefused,
    MessageEdited,
    MessageErased,
    MessageIngested,
)
from tg_parser.contracts.model import Contract, Fact
from tg_parser.contracts.topics import TopicizationCompleted
from tg_parser.contracts.upcasts import upcast

ItemKey = tuple[str, int, str]
"""Workflow, generation, source_ref."""


class _MessageName(Contract):
    channel_id: str
    message_id: int
    message_type: MessageType = "post"


class _Observed(Contract):
    message: _MessageName


class _DocumentContent(Contract):
    content_hash: str


class _Processed(Contract):
    source_ref: str
    document: _DocumentContent
    pipeline_key: str
    usage: Usage = Usage()
    cost_micros: int = 0
    cache_hit: bool = False


class _Skipped(Contract):
    source_ref: str
    reason: str


class _Failed(Contract):
    source_ref: str
    error_class: str


class _Named(Contract):
    source_ref: str
    counted_in: tuple[CountedIn, ...] = ()


class _Expected(Contract):
    expected: int


class _Channel(Contract):
    channel_id: str
    title: str


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What became of one message."""

    seq: int
    outcome: str
    reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cache_hit: int = 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rows of one batch of facts. Of several facts about one thing in a batch the one that counts is kept."""

    items: dict[ItemKey, int] = field(default_factory=dict[ItemKey, int])
    """Where the newest fact about the message is."""
    outcomes: dict[ItemKey, OutcomeRow] = field(default_factory=dict[ItemKey, OutcomeRow])
    """The first outcome: later ones of the same message are repetitions."""
    pipelines: dict[str, tuple[str, str, int]] = field(default_factory=dict[str, tuple[str, str, int]])
    """source_ref → pipeline key, content hash, position."""
    erased: dict[str, int] = field(default_factory=dict[str, int])
    """source_ref → position: whoever still waits for an outcome of it waits no longer."""
    imported: dict[str, int] = field(default_factory=dict[str, int])
    """source_ref → where an earlier TG_parser's document of it is."""
    expected: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    channels: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    notices: list[Recorded] = field(default_factory=list[Recorded])


P = TypeVar("P", bound=Contract)


def _part(model: type[P], entry: Recorded) -> P:
    """The fields `model` asks for. Raises MalformedMessage."""
    try:
        return model.model_validate_json(upcast(entry.type, entry.body)[1])
    except ValidationError as invalid:
        raise MalformedMessage(f"{entry.type} at {entry.seq} lacks what the ledger needs of it.") from invalid


def _observed(entry: Recorded, rows: Gathered) -> None:
    if entry.workflow_id:
        name = _part(_Observed, entry).message
        ref = str(SourceRef(name.channel_id, name.message_type, name.message_id))
        rows.items[entry.workflow_id, entry.generation, ref] = entry.seq


def _page(entry: Recorded, rows: Gathered) -> None:
    message = entry.message
    if isinstance(message, IngestPageCommitted):
        for known in message.known:
            key = (entry.workflow_id, entry.generation, known.source_ref)
            rows.items[key] = max(known.seq, rows.items.get(key, 0))


def _processed(entry: Recorded, rows: Gathered) -> None:
    told = _part(_Processed, entry)
    rows.pipelines[told.source_ref] = (told.pipeline_key, told.document.content_hash, entry.seq)
    usage = told.usage
    _settle(
        entry,
        rows,
        told.source_ref,
        OutcomeRow(
            entry.seq,
            "done",
            input_tokens=usage.input_uncached + usage.cache_read + usage.cache_write,
            output_tokens=usage.output,
            cost_micros=told.cost_micros,
            cache_hit=int(told.cache_hit),
        ),
    )


def _skipped(entry: Recorded, rows: Gathered) -> None:
    told = _part(_Skipped, entry)
    _settle(entry, rows, told.source_ref, OutcomeRow(entry.seq, "skipped", told.reason))


def _failed(entry: Recorded, rows: Gathered) -> None:
    told = _part(_Failed, entry)
    _settle(entry, rows, told.source_ref, OutcomeRow(entry.seq, "failed", told.error_class))


def _erased(entry: Recorded, rows: Gathered) -> None:
    """The facts that told of it are gone: whoever counts on it hears of it here, if not before."""
    told = _part(_Named, entry)
    rows.erased[told.source_ref] = entry.seq
    for workflow in told.counted_in:
        rows.items.setdefault((workflow.workflow_id, workflow.generation, told.source_ref), 0)


def _imported(entry: Recorded, rows: Gathered) -> None:
    rows.imported[_part(_Named, entry).source_ref] = entry.seq


def _settle(entry: Recorded, rows: Gathered, ref: str, outcome: OutcomeRow) -> None:
    if entry.workflow_id and ref not in rows.erased:
        rows.outcomes.setdefault((entry.workflow_id, entry.generation, ref), outcome)


def _ingest_completed(entry: Recorded, rows: Gathered) -> None:
    rows.expected.setdefault((entry.workflow_id, entry.generation), _part(_Expected, entry).expected)
    rows.notices.append(entry)


def _channel(entry: Recorded, rows: Gathered) -> None:
    seen = _part(_Channel, entry)
    rows.channels[seen.channel_id] = (seen.title, entry.seq)


def _notice(entry: Recorded, rows: Gathered) -> None:
    if entry.workflow_id:
        rows.notices.append(entry)


HEARD: Final[dict[type[Fact], Callable[[Recorded, Gathered], None]]] = {
    MessageIngested: _observed,
    MessageEdited: _observed,
    MessageProcessed: _processed,
    MessageSkipped: _skipped,
    MessageFailed: _failed,
    MessageErased: _erased,
    DocumentImported: _imported,
    IngestPageCommitted: _page,
    IngestCompleted: _ingest_completed,
    IngestRefused: _notice,
    TopicizationCompleted: _notice,
    ExportCompleted: _notice,
    ExportRefused: _notice,
    JobFailed: _notice,
    ProcessingPaused: _notice,
    ChannelObserved: _channel,
}
"""The facts the ledger hears, and the rows each makes."""

BY_NAME: Final = {fact.TYPE: step for fact, step in HEARD.items()}
OUTCOMES: Final = frozenset({MessageProcessed.TYPE, MessageSkipped.TYPE, MessageFailed.TYPE})


def name_of(entry: Recorded) -> str:
    """The fact's type without its version."""
    return entry.type.rpartition(".v")[0]


def gather(batch: Sequence[Recorded]) -> Gathered:
    """The rows of `batch`, in log order. Raises MalformedMessage if a fact's body is not what its type promises."""
    rows = Gathered()
    for entry in batch:
        step = BY_NAME.get(name_of(entry))
        if step:
            step(entry, rows)
    return rows
