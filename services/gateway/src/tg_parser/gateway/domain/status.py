"""The status of a workflow: one resource, folded from the events of its log and merged with live numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tg_parser.contracts.knowledge import Artifact
from tg_parser.contracts.model import Message, Timestamp
from tg_parser.contracts.workflows import (
    STAGES,
    CancelRequested,
    ExportStageCompleted,
    IngestStageCompleted,
    ProcessStageCompleted,
    ResumeRequested,
    Stage,
    StageProgressed,
    StageStarted,
    StageTimedOut,
    TopicizeStageCompleted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
    WorkflowProgress,
    WorkflowRequested,
    WorkflowStarted,
)

State = Literal["requested", "running", "paused", "cancelling", "completed", "partial", "failed", "cancelled"]
SETTLED: frozenset[State] = frozenset({"completed", "partial", "failed", "cancelled"})
STAGES_OF: dict[str, tuple[Stage, ...]] = {"run": STAGES, "export": ("export",)}


class StageStatus(BaseModel):
    """One stage. Counts are of messages; `expected` is None while nobody knows."""

    state: Literal["pending", "running", "completed", "failed", "cancelled"] = "pending"
    expected: int | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    skipped_by_reason: dict[str, int] = Field(default_factory=dict[str, int])
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None


class WorkflowStatus(BaseModel):
    """How a workflow stands."""

    model_config = ConfigDict(title="Workflow")

    id: str
    kind: Literal["run", "export"]
    state: State = "requested"
    requested_at: Timestamp
    finished_at: Timestamp | None = None
    stages: dict[Stage, StageStatus]
    error: str | None = Field(
        default=None, description="a sentence, if it failed, is paused or read only part of its source"
    )
    duration_ms: int | None = None
    cost_micros: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    rejected: int = 0
    topics: int | None = None
    artifacts: tuple[Artifact, ...] = ()
    log_position: int | None = None


def fold(workflow_id: str, events: Iterable[Message]) -> WorkflowStatus | None:
    """The status that the events of a log say; None for an empty log. Any beginning of a log folds to a valid status."""
    status: WorkflowStatus | None = None
    for event in events:
        if isinstance(event, WorkflowRequested):
            stages: dict[Stage, StageStatus] = {stage: StageStatus() for stage in STAGES_OF[event.kind]}
            status = status or WorkflowStatus(id=workflow_id, kind=event.kind, requested_at=event.at, stages=stages)
        elif status is not None:
            _evolve(status, event)
    return status


def _evolve(status: WorkflowStatus, event: Message) -> None:
    match event:
        case WorkflowStarted():
            status.state = "running"
        case StageStarted():
            stage = status.stages[event.stage]
            stage.state, stage.started_at = "running", event.at
        case StageProgressed():
            _count(status.stages[event.stage], event)
        case CancelRequested():
            status.state = "cancelling"
        case WorkflowPaused():
            status.state, status.error = "paused", event.detail
        case ResumeRequested():
            status.state, status.error = "running", None
        case StageTimedOut():
            status.stages[event.stage].state = "failed"
        case WorkflowCompleted() | WorkflowFailed() | WorkflowCancelled():
            _settle(status, event)
        case _:
            _complete(status, event)


def _complete(status: WorkflowStatus, event: Message) -> None:
    match event:
        case IngestStageCompleted():
            stage = _finished(status, "ingest", event.at)
            stage.expected, stage.done = event.expected, event.expected
            status.rejected, status.error = event.rejected, event.truncated
            if "process" in status.stages:
                status.stages["process"].expected = event.expected
        case ProcessStageCompleted():
            stage = _finished(status, "process", event.at)
            stage.expected, stage.done, stage.failed = event.expected, event.done, event.failed
            stage.skipped, stage.skipped_by_reason = sum(event.skipped.values()), event.skipped
            status.cost_micros, status.input_tokens, status.output_tokens = (
                event.cost_micros,
                event.input_tokens,
                event.output_tokens,
            )
        case TopicizeStageCompleted():
            _finished(status, "topicize", event.at)
            status.topics = event.topics
        case ExportStageCompleted():
            _finished(status, "export", event.at)
            status.artifacts, status.log_position = event.artifacts, event.log_position
        case _:
            pass  # an event of a later version says nothing this resource shows


def _finished(status: WorkflowStatus, name: Stage, at: datetime) -> StageStatus:
    stage = status.stages[name]
    stage.state, stage.finished_at = "completed", at
    return stage


def _settle(status: WorkflowStatus, event: WorkflowCompleted | WorkflowFailed | WorkflowCancelled) -> None:
    status.finished_at = event.at
    status.duration_ms = round((event.at - status.requested_at).total_seconds() * 1000)
    match event:
        case WorkflowCompleted():
            status.state = "completed" if event.result == "complete" else "partial"
        case WorkflowFailed():
            status.state, status.error = "failed", event.detail
        case WorkflowCancelled():
            status.state, status.error = "cancelled", event.reason or None
    for stage in status.stages.values():
        if stage.state == "running":
            stage.state = "cancelled" if status.state == "cancelled" else "failed"


def _count(stage: StageStatus, counts: StageProgressed) -> None:
    stage.expected = counts.expected if counts.expected is not None else stage.expected
    stage.done, stage.failed, stage.skipped = counts.done, counts.failed, counts.skipped


def with_progress(status: WorkflowStatus, progress: WorkflowProgress | None) -> WorkflowStatus:
    """The status with the live numbers of its running stages. They never contradict what the log says is finished."""
    if progress is None or status.state in SETTLED:
        return status
    for name, counts in progress.stages.items():
        stage = status.stages.get(name)
        if stage is not None and stage.state == "running":
            stage.expected = counts.expected if counts.expected is not None else stage.expected
            stage.done, stage.failed, stage.skipped = counts.done, counts.failed, counts.skipped
    return status
