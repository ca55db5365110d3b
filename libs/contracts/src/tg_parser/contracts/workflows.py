"""The events of a workflow's own log, `tg.wf.v1.<workflow_id>`: everything that happened to it, and nothing per message."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tg_parser.contracts.jobs import Budget, Lane, ModelChoice, ProcessingOptions
from tg_parser.contracts.knowledge import Artifact
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Contract, Timestamp, WorkflowEvent

Stage = Literal["ingest", "process", "topicize", "export"]
STAGES: tuple[Stage, ...] = ("ingest", "process", "topicize", "export")


class ExportTarget(Contract):
    """Where a workflow leaves its files."""

    location: str = Field(max_length=4096)
    pretty: bool = False


class WorkflowRequested(WorkflowEvent):
    """Somebody asked for a workflow. The first event of every log; `fingerprint` tells two requests under one key apart."""

    TYPE: ClassVar[str] = "tg.workflow.requested"

    kind: Literal["run", "export"]
    at: Timestamp
    actor: str
    source: SourceSpec | None = None
    target: ExportTarget | None = None
    choice: ModelChoice = ModelChoice()
    lane: Lane = "interactive"
    idempotency_key: str = ""
    fingerprint: str = ""
    options: ProcessingOptions | None = None


class WorkflowStarted(WorkflowEvent):
    """The orchestrator took the workflow on."""

    TYPE: ClassVar[str] = "tg.workflow.started"

    at: Timestamp
    code_version: str


class StageStarted(WorkflowEvent):
    """A stage began. Jobs and the timer follow from this event; a timer with another id is stale."""

    TYPE: ClassVar[str] = "tg.workflow.stagestarted"

    stage: Stage
    generation: int = 0
    at: Timestamp
    timer_id: str
    deadline_at: Timestamp
    after_seq: int = 0


class StageProgressed(WorkflowEvent):
    """Where a stage stands, at most once per tenth or half minute."""

    TYPE: ClassVar[str] = "tg.workflow.stageprogressed"

    stage: Stage
    generation: int = 0
    at: Timestamp
    expected: int | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0


class IngestStageCompleted(WorkflowEvent):
    """The source was read to its end. `last_seq` is the facts stream's position of the fact that says so."""

    TYPE: ClassVar[str] = "tg.workflow.ingestcompleted"

    generation: int = 0
    at: Timestamp
    expected: int
    pages: int
    ingested: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    truncated: str | None = None
    channel_ids: tuple[str, ...] = ()
    last_seq: int = 0


class ProcessStageCompleted(WorkflowEvent):
    """Every message has exactly one outcome. `last_seq` is the facts stream's position of the last of them."""

    TYPE: ClassVar[str] = "tg.workflow.processcompleted"

    generation: int = 0
    at: Timestamp
    expected: int
    done: int
    failed: int
    skipped: dict[str, int] = Field(default_factory=dict[str, int])
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cache_hits: int = 0
    last_seq: int = 0
    failed_sample: tuple[str, ...] = ()


class TopicizeStageCompleted(WorkflowEvent):
    """The topics stand."""

    TYPE: ClassVar[str] = "tg.workflow.topicizecompleted"

    generation: int = 0
    at: Timestamp
    epoch: int
    topics: int
    unassigned: int
    last_seq: int = 0


class ExportStageCompleted(WorkflowEvent):
    """The files are written."""

    TYPE: ClassVar[str] = "tg.workflow.exportcompleted"

    generation: int = 0
    at: Timestamp
    location: str
    log_position: int
    artifacts: tuple[Artifact, ...]


class WorkflowCompleted(WorkflowEvent):
    """The workflow is done. `partial`: some input was rejected or some messages were dead-lettered."""

    TYPE: ClassVar[str] = "tg.workflow.completed"

    at: Timestamp
    result: Literal["complete", "partial"]
    duration_ms: int
    cost_micros: int = 0


class WorkflowFailed(WorkflowEvent):
    """The workflow cannot go on. `detail` is a sentence for a person."""

    TYPE: ClassVar[str] = "tg.workflow.failed"

    at: Timestamp
    stage: Stage
    error_class: str
    detail: str


class StageTimedOut(WorkflowEvent):
    """A stage did not end before its deadline."""

    TYPE: ClassVar[str] = "tg.workflow.stagetimedout"

    at: Timestamp
    stage: Stage
    timer_id: str


class WorkflowPaused(WorkflowEvent):
    """No message is processed until somebody resumes the workflow. `detail` is a sentence for a person."""

    TYPE: ClassVar[str] = "tg.workflow.paused"

    at: Timestamp
    reason: str
    detail: str


class ResumeRequested(WorkflowEvent):
    """Somebody wants a paused workflow to go on, with a new budget where one is given."""

    TYPE: ClassVar[str] = "tg.workflow.resumerequested"

    at: Timestamp
    actor: str
    budget: Budget | None = None


class CancelRequested(WorkflowEvent):
    """Somebody wants the workflow to stop."""

    TYPE: ClassVar[str] = "tg.workflow.cancelrequested"

    at: Timestamp
    actor: str
    reason: str = ""


class WorkflowCancelled(WorkflowEvent):
    """The workflow stopped before its end."""

    TYPE: ClassVar[str] = "tg.workflow.cancelled"

    at: Timestamp
    reason: str = ""


class StageTimerFired(Contract):
    """The body of a scheduled message on `tg.timerfired.<workflow_id>.<stage>`."""

    workflow_id: str
    stage: Stage
    timer_id: str


class StageCounts(Contract):
    """Live numbers of one stage."""

    expected: int | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0


class WorkflowProgress(Contract):
    """Live numbers of one workflow, kept in the key-value bucket `tg_progress` under the workflow's id."""

    workflow_id: str
    generation: int = 0
    at: Timestamp
    stages: dict[Stage, StageCounts] = Field(default_factory=dict[Stage, StageCounts])
    cost_micros: int = 0
