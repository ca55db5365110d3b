"""What can be asked of a workflow, or told to it. A command about what the state already knows decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tg_parser.contracts.knowledge import Artifact
from tg_parser.contracts.workflows import Stage


@dataclass(frozen=True, slots=True)
class Advance:
    """Do what follows from the state. `facts_end` is the facts stream's last sequence: what an export asked for now holds."""

    facts_end: int = 0


@dataclass(frozen=True, slots=True)
class RecordIngestCompleted:
    """The source was read to its end. `last_seq` is the position of the fact that says so: everything it told is before it."""

    expected: int
    pages: int
    ingested: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    truncated: str | None = None
    channel_ids: tuple[str, ...] = ()
    last_seq: int = 0
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordIngestRefused:
    """The source cannot be read; `reason` is a sentence."""

    reason: str
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordProgress:
    """Where a stage stands now."""

    stage: Stage
    expected: int | None
    done: int
    failed: int
    skipped: int
    generation: int = 0

    @property
    def settled(self) -> int:
        """Messages with an outcome."""
        return self.done + self.failed + self.skipped


@dataclass(frozen=True, slots=True)
class RecordProcessCompleted:
    """Every message has its outcome. `last_seq` is the facts stream's position of the last of them."""

    expected: int
    done: int
    failed: int
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cache_hits: int = 0
    last_seq: int = 0
    failed_sample: tuple[str, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordTopicizeCompleted:
    """The topics stand. `last_seq` is the position of the fact that says so: every topic of it was told before."""

    epoch: int
    topics: int
    unassigned: int
    last_seq: int
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordExportCompleted:
    """The files are written."""

    location: str
    log_position: int
    artifacts: tuple[Artifact, ...]
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordExportRefused:
    """The files cannot be written; `reason` is a sentence."""

    reason: str
    generation: int = 0


@dataclass(frozen=True, slots=True)
class RecordJobFailed:
    """The one job of a stage was given up."""

    stage: Stage
    error_class: str
    detail: str
    generation: int = 0


@dataclass(frozen=True, slots=True)
class StageTimeout:
    """A stage's timer has come. One whose id is not the stage's own is stale."""

    stage: Stage
    timer_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody wants the workflow to stop."""

    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """The workflow's messages cannot be processed until a person does something; `detail` is a sentence."""

    reason: str
    detail: str
    generation: int = 0


Recorded = RecordIngestCompleted | RecordProcessCompleted | RecordTopicizeCompleted | RecordExportCompleted
Refused = RecordIngestRefused | RecordExportRefused | RecordJobFailed
Command = Advance | Recorded | Refused | RecordProgress | StageTimeout | Cancel | Pause
