"""A workflow as its log tells it: `evolve` folds one event at a time, and never refuses one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tg_parser.contracts.jobs import Budget, ProcessingOptions
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import (
    CancelRequested,
    ExportStageCompleted,
    IngestStageCompleted,
    ProcessStageCompleted,
    ResumeRequested,
    Stage,
    StageProgressed,
    StageStarted,
    TopicizeStageCompleted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
    WorkflowRequested,
    WorkflowStarted,
)

Outcome = Literal["complete", "partial", "failed", "cancelled"]
StageCompleted = IngestStageCompleted | ProcessStageCompleted | TopicizeStageCompleted | ExportStageCompleted


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage: how it began, how far it was last said to be, and whether it is over."""

    started: StageStarted
    progress: StageProgressed | None = None
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """What is known of a workflow. The initial one has nothing: nobody asked for it yet."""

    requested: WorkflowRequested | None = None
    started: WorkflowStarted | None = None
    stages: Mapping[Stage, StageState] = field(default_factory=dict[Stage, StageState])
    ingest: IngestStageCompleted | None = None
    process: ProcessStageCompleted | None = None
    topicize: TopicizeStageCompleted | None = None
    export: ExportStageCompleted | None = None
    cancelling: CancelRequested | None = None
    paused: WorkflowPaused | None = None
    budget: Budget | None = None
    outcome: Outcome | None = None

    @property
    def settled(self) -> bool:
        """Whether the workflow is over: nothing follows any more, whatever is heard."""
        return self.outcome is not None

    @property
    def options(self) -> ProcessingOptions | None:
        """How messages are to be processed: as was asked for, with the budget that was last given."""
        asked = self.requested.options if self.requested else None
        if self.budget is None:
            return asked
        return (asked or ProcessingOptions()).model_copy(update={"budget": self.budget})

    def running(self, stage: Stage) -> StageState | None:
        """The stage if it has begun and is not over, else None."""
        found = self.stages.get(stage)
        return found if found and not found.completed and not self.settled else None

    def completed(self, stage: Stage) -> bool:
        """Whether the stage has come to its end."""
        found = self.stages.get(stage)
        return found is not None and found.completed


INITIAL = Workflow()


def evolve(state: Workflow, event: Message) -> Workflow:
    """`state` after `event`. An event that says nothing about the state leaves it as it is."""
    match event:
        case WorkflowRequested():
            return replace(state, requested=event)
        case WorkflowStarted():
            return replace(state, started=event)
        case StageStarted():
            return _with_stage(state, event.stage, StageState(event))
        case StageProgressed():
            return _progressed(state, event)
        case IngestStageCompleted() | ProcessStageCompleted() | TopicizeStageCompleted() | ExportStageCompleted():
            return _completed(state, event)
        case _:
            return _ending(state, event)


def fold(events: Iterable[Message], state: Workflow = INITIAL) -> Workflow:
    """The workflow after all of `events`."""
    for event in events:
        state = evolve(state, event)
    return state


def _ending(state: Workflow, event: Message) -> Workflow:
    match event:
        case CancelRequested():
            return replace(state, cancelling=event)
        case WorkflowPaused() | ResumeRequested():
            return _paused(state, event)
        case WorkflowCompleted():
            return replace(state, outcome=event.result)
        case WorkflowFailed():
            return replace(state, outcome="failed")
        case WorkflowCancelled():
            return replace(state, outcome="cancelled")
        case _:
            return state


def _paused(state: Workflow, event: WorkflowPaused | ResumeRequested) -> Workflow:
    if isinstance(event, WorkflowPaused):
        return replace(state, paused=event)
    return replace(state, paused=None, budget=event.budget or state.budget)


def _completed(state: Workflow, event: StageCompleted) -> Workflow:
    match event:
        case IngestStageCompleted():
            return _closed(replace(state, ingest=event), "ingest")
        case ProcessStageCompleted():
            return _closed(replace(state, process=event), "process")
        case TopicizeStageCompleted():
            return _closed(replace(state, topicize=event), "topicize")
        case ExportStageCompleted():
            return _closed(replace(state, export=event), "export")


def _closed(state: Workflow, stage: Stage) -> Workflow:
    found = state.stages.get(stage)
    return _with_stage(state, stage, replace(found, completed=True)) if found else state


def _progressed(state: Workflow, event: StageProgressed) -> Workflow:
    found = state.stages.get(event.stage)
    return _with_stage(state, event.stage, replace(found, progress=event)) if found else state


def _with_stage(state: Workflow, stage: Stage, value: StageState) -> Workflow:
    return replace(state, stages={**state.stages, stage: value})
