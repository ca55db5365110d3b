"""What follows: `decide(command, state, now, rules)` gives the events to append, or nothing.

A `run` reads a source and processes what it finds at the same time, then brings the topics up to date, then exports;
an `export` only exports. A settled workflow decides nothing, and so does whatever the state already knows: every
command may be repeated, late or out of order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from tg_parser.contracts.model import WorkflowEvent
from tg_parser.contracts.workflows import (
    CancelRequested,
    ExportStageCompleted,
    IngestStageCompleted,
    ProcessStageCompleted,
    Stage,
    StageProgressed,
    StageStarted,
    StageTimedOut,
    TopicizeStageCompleted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
    WorkflowRequested,
    WorkflowStarted,
)
from tg_parser.orchestrator.domain.commands import (
    Advance,
    Cancel,
    Command,
    Pause,
    Recorded,
    RecordExportCompleted,
    RecordExportRefused,
    RecordIngestCompleted,
    RecordIngestRefused,
    RecordJobFailed,
    RecordProcessCompleted,
    RecordProgress,
    RecordTopicizeCompleted,
    Refused,
    StageTimeout,
)
from tg_parser.orchestrator.domain.progress import worth_telling
from tg_parser.orchestrator.domain.state import StageState, Workflow

NOTHING: Final[tuple[WorkflowEvent, ...]] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the deployment decides: how long each stage may take, and which code does it."""

    deadlines: Mapping[Stage, timedelta]
    code_version: str


def decide(command: Command, state: Workflow, now: datetime, rules: Rules) -> tuple[WorkflowEvent, ...]:
    """The events that follow from `command`, given what is already known."""
    if state.settled or state.requested is None:
        return NOTHING
    if state.cancelling:
        return _stop(command, state.cancelling, now)
    match command:
        case Advance():
            return _advance(command, state, state.requested, now, rules)
        case Cancel():
            return (CancelRequested(at=now, actor=command.actor, reason=command.reason),)
        case Pause():
            return _pause(command, state, now)
        case _:
            return _heard(command, state, now)


def _pause(command: Pause, state: Workflow, now: datetime) -> tuple[WorkflowEvent, ...]:
    if state.paused or _current(state, "process", command.generation) is None:
        return NOTHING
    return (WorkflowPaused(at=now, reason=command.reason, detail=command.detail),)


def _stop(command: Command, cancelling: CancelRequested, now: datetime) -> tuple[WorkflowEvent, ...]:
    return (WorkflowCancelled(at=now, reason=cancelling.reason),) if isinstance(command, Advance) else NOTHING


def _heard(
    command: Recorded | Refused | RecordProgress | StageTimeout, state: Workflow, now: datetime
) -> tuple[WorkflowEvent, ...]:
    match command:
        case RecordProgress():
            return _progress(command, state, now)
        case StageTimeout():
            return _timeout(command, state, now)
        case RecordIngestRefused() | RecordExportRefused() | RecordJobFailed():
            return _refused(command, state, now)
        case _:
            return _completed(command, state, now)


def _advance(
    command: Advance, state: Workflow, requested: WorkflowRequested, now: datetime, rules: Rules
) -> tuple[WorkflowEvent, ...]:
    if state.started is None:
        return _begin(command, requested, now, rules)
    if state.ingest and state.ingest.expected == 0 and state.running("process"):
        return (ProcessStageCompleted(generation=state.ingest.generation, at=now, expected=0, done=0, failed=0),)
    if state.ingest and state.process and "topicize" not in state.stages and not _ends_early(state, requested):
        after_seq = max(state.process.last_seq, state.ingest.last_seq)
        return (_started("topicize", now, rules, after_seq),)
    if state.topicize and requested.target and "export" not in state.stages:
        return (_started("export", now, rules, state.topicize.last_seq),)
    if state.export or (state.topicize and not requested.target) or _ends_early(state, requested):
        return (_finished(state, requested, now),)
    return NOTHING


def _ends_early(state: Workflow, requested: WorkflowRequested) -> bool:
    """A look at a source that had nothing new leaves the topics as they are; but an import may bring topics alone."""
    nothing = bool(state.ingest and state.ingest.expected == 0 and state.process)
    brings_topics = requested.source is not None and requested.source.kind == "v3_database"
    return nothing and requested.target is None and not brings_topics


def _begin(command: Advance, requested: WorkflowRequested, now: datetime, rules: Rules) -> tuple[WorkflowEvent, ...]:
    started = WorkflowStarted(at=now, code_version=rules.code_version)
    if requested.kind == "export":
        if requested.target is None:
            return (started, _failed("export", now, "invalid", "An export was asked for without saying where to."))
        return (started, _started("export", now, rules, command.facts_end))
    if requested.source is None:
        return (started, _failed("ingest", now, "invalid", "A run was asked for without a source to read."))
    return (started, _started("ingest", now, rules), _started("process", now, rules))


def _started(stage: Stage, now: datetime, rules: Rules, after_seq: int = 0) -> StageStarted:
    deadline = now + rules.deadlines[stage]
    return StageStarted(stage=stage, at=now, timer_id=f"{stage}:0", deadline_at=deadline, after_seq=after_seq)


def _finished(state: Workflow, requested: WorkflowRequested, now: datetime) -> WorkflowCompleted:
    rejected = bool(state.ingest and (state.ingest.rejected or state.ingest.truncated))
    failed = bool(state.process and state.process.failed)
    return WorkflowCompleted(
        at=now,
        result="partial" if rejected or failed else "complete",
        duration_ms=max(0, int((now - requested.at) / timedelta(milliseconds=1))),
        cost_micros=state.process.cost_micros if state.process else 0,
    )


def _completed(command: Recorded, state: Workflow, now: datetime) -> tuple[WorkflowEvent, ...]:
    stage = STAGE_OF[type(command)]
    if _current(state, stage, command.generation) is None:
        return NOTHING
    match command:
        case RecordIngestCompleted():
            return (IngestStageCompleted(at=now, **_fields(command)),)
        case RecordProcessCompleted():
            return (ProcessStageCompleted(at=now, **_fields(command)),)
        case RecordTopicizeCompleted():
            return (TopicizeStageCompleted(at=now, **_fields(command)),)
        case RecordExportCompleted():
            return (ExportStageCompleted(at=now, **_fields(command)),)


STAGE_OF: Final[dict[type[Recorded], Stage]] = {
    RecordIngestCompleted: "ingest",
    RecordProcessCompleted: "process",
    RecordTopicizeCompleted: "topicize",
    RecordExportCompleted: "export",
}


def _current(state: Workflow, stage: Stage, generation: int) -> StageState | None:
    running = state.running(stage)
    return running if running and running.started.generation == generation else None


def _refused(command: Refused, state: Workflow, now: datetime) -> tuple[WorkflowEvent, ...]:
    match command:
        case RecordIngestRefused():
            failure = _failed("ingest", now, "refused", command.reason)
        case RecordExportRefused():
            failure = _failed("export", now, "refused", command.reason)
        case RecordJobFailed():
            failure = _failed(command.stage, now, command.error_class, command.detail)
    return (failure,) if _current(state, failure.stage, command.generation) else NOTHING


def _timeout(command: StageTimeout, state: Workflow, now: datetime) -> tuple[WorkflowEvent, ...]:
    running = state.running(command.stage)
    if running is None or running.started.timer_id != command.timer_id:
        return NOTHING
    deadline = f"{running.started.deadline_at:%Y-%m-%d %H:%M:%S %Z}"
    return (
        StageTimedOut(at=now, stage=command.stage, timer_id=command.timer_id),
        _failed(command.stage, now, "timeout", f"The {command.stage} stage did not end before {deadline}."),
    )


def _failed(stage: Stage, now: datetime, error_class: str, detail: str) -> WorkflowFailed:
    return WorkflowFailed(at=now, stage=stage, error_class=error_class, detail=detail)


def _progress(command: RecordProgress, state: Workflow, now: datetime) -> tuple[WorkflowEvent, ...]:
    running = _current(state, command.stage, command.generation)
    if running is None or not worth_telling(command, running, now):
        return NOTHING
    return (StageProgressed(at=now, **_fields(command)),)


def _fields(command: Recorded | RecordProgress) -> dict[str, Any]:
    return {each.name: getattr(command, each.name) for each in fields(command)}
