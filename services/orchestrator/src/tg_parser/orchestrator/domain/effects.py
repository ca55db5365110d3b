"""What the world must do because of an event: jobs, timers, flags. Pure, and with ids that depend on nothing but the event.

Effects follow the log and are never ahead of it. They may be carried out again at any time: an event whose stage is over
meanwhile has none, and the others do the same thing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import Export, IngestSource, Lane, ModelChoice, ProcessingOptions, Topicize
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import (
    STAGES,
    CancelRequested,
    ExportStageCompleted,
    IngestStageCompleted,
    ProcessStageCompleted,
    ResumeRequested,
    Stage,
    StageStarted,
    TopicizeStageCompleted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
)
from tg_parser.orchestrator.domain.state import Workflow

StageJob = IngestSource | Topicize | Export


@dataclass(frozen=True, slots=True)
class IssueJob:
    """Put the one job of a stage into the queue."""

    job: StageJob
    job_id: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class OpenDispatch:
    """Begin to issue a job for each message the workflow brings in."""

    generation: int
    lane: Lane
    choice: ModelChoice
    options: ProcessingOptions | None = None


@dataclass(frozen=True, slots=True)
class CloseDispatch:
    """Issue no more jobs for messages."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Be told when a stage's time is over."""

    stage: Stage
    timer_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """A stage's time no longer matters."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class StopWorkers:
    """Tell workers that what they do for the workflow is in vain."""


@dataclass(frozen=True, slots=True)
class PauseWorkers:
    """Tell workers to leave the workflow's jobs alone for now."""


@dataclass(frozen=True, slots=True)
class ResumeWorkers:
    """Tell workers to go on."""


@dataclass(frozen=True, slots=True)
class ReissueJobs:
    """Give every message without an outcome another job: the old ones carry an old budget and wait."""


@dataclass(frozen=True, slots=True)
class PurgeJobs:
    """Take the workflow's jobs out of the queue."""


Effect = (
    IssueJob
    | OpenDispatch
    | CloseDispatch
    | SetTimer
    | CancelTimer
    | StopWorkers
    | PauseWorkers
    | ResumeWorkers
    | ReissueJobs
    | PurgeJobs
)


def effects_of(workflow_id: str, event: Message, state: Workflow) -> tuple[Effect, ...]:
    """What follows from `event` in the world, given where its workflow stands now."""
    match event:
        case StageStarted() if state.requested and state.running(event.stage) and not state.cancelling:
            timer = SetTimer(event.stage, event.timer_id, event.deadline_at)
            return (*_work(workflow_id, event, state), timer)
        case ProcessStageCompleted():
            return (CancelTimer("process"), CloseDispatch())
        case IngestStageCompleted() | TopicizeStageCompleted() | ExportStageCompleted():
            return (CancelTimer(STAGE_OF[type(event)]),)
        case CancelRequested() | WorkflowFailed() | WorkflowCancelled() | WorkflowCompleted():
            return _ended(event, state)
        case WorkflowPaused() | ResumeRequested() if not state.settled and not state.cancelling:
            return _paused_or_resumed(state)
        case _:
            return ()


def _ended(event: Message, state: Workflow) -> tuple[Effect, ...]:
    if isinstance(event, WorkflowCompleted):
        return (PurgeJobs(), *_cancelled_timers(state))
    return (StopWorkers(), CloseDispatch(), PurgeJobs(), *_cancelled_timers(state))


def _paused_or_resumed(state: Workflow) -> tuple[Effect, ...]:
    """By where the workflow stands now: a pause that was lifted meanwhile has no effect any more."""
    if state.paused:
        return (PauseWorkers(),)
    process = state.running("process")
    if process is None or state.requested is None:
        return (ResumeWorkers(),)
    requested = state.requested
    opened = OpenDispatch(process.started.generation, requested.lane, requested.choice, state.options)
    return (opened, ReissueJobs(), ResumeWorkers())


STAGE_OF: Final[dict[type[Message], Stage]] = {
    IngestStageCompleted: "ingest",
    TopicizeStageCompleted: "topicize",
    ExportStageCompleted: "export",
}


def _work(workflow_id: str, event: StageStarted, state: Workflow) -> tuple[Effect, ...]:
    requested = state.requested
    if requested is None:
        return ()
    job: StageJob | None = None
    match event.stage:
        case "ingest" if requested.source:
            job = IngestSource(workflow_id=workflow_id, generation=event.generation, source=requested.source)
        case "process":
            return (OpenDispatch(event.generation, requested.lane, requested.choice, state.options),)
        case "topicize":
            job = Topicize(workflow_id=workflow_id, generation=event.generation, after_seq=event.after_seq)
        case "export" if requested.target:
            job = Export(
                workflow_id=workflow_id,
                generation=event.generation,
                location=requested.target.location,
                pretty=requested.target.pretty,
                after_seq=event.after_seq,
            )
        case _:
            pass
    if job is None:
        return ()
    return (IssueJob(job, deterministic_id("job", workflow_id, event.generation, event.stage), requested.lane),)


def _cancelled_timers(state: Workflow) -> tuple[CancelTimer, ...]:
    return tuple(CancelTimer(stage) for stage in STAGES if stage in state.stages)
