from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tg_parser.contracts.jobs import Budget, Export, IngestSource, ModelChoice, ProcessingOptions, Topicize
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import (
    CancelRequested,
    ExportTarget,
    IngestStageCompleted,
    ProcessStageCompleted,
    ResumeRequested,
    Stage,
    StageStarted,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
    WorkflowRequested,
)
from tg_parser.orchestrator.domain.effects import (
    CancelTimer,
    CloseDispatch,
    IssueJob,
    OpenDispatch,
    PauseWorkers,
    PurgeJobs,
    ReissueJobs,
    ResumeWorkers,
    SetTimer,
    StopWorkers,
    effects_of,
)
from tg_parser.orchestrator.domain.state import fold

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REQUESTED = WorkflowRequested(
    kind="run",
    at=NOW,
    actor="ann",
    lane="bulk",
    choice=ModelChoice(model="small"),
    source=SourceSpec(kind="td_json", location="/in/result.json"),
    target=ExportTarget(location="/out", pretty=True),
)
FAILED = WorkflowFailed(at=NOW, stage="ingest", error_class="refused", detail="Gone.")


def started(stage: Stage, after_seq: int = 0) -> StageStarted:
    return StageStarted(stage=stage, at=NOW, timer_id=f"{stage}:0", deadline_at=NOW, after_seq=after_seq)


def effects(event: Message, *others: Message) -> tuple[object, ...]:
    return effects_of("w1", event, fold([REQUESTED, event, *others]))


@pytest.mark.parametrize(
    ("event", "job"),
    [
        (
            started("ingest"),
            IngestSource(workflow_id="w1", source=REQUESTED.source or SourceSpec(kind="td_html", location="")),
        ),
        (started("topicize", 31), Topicize(workflow_id="w1", after_seq=31)),
        (started("export", 40), Export(workflow_id="w1", location="/out", pretty=True, after_seq=40)),
    ],
)
def test_a_stage_begins_with_its_job_and_its_timer(event: StageStarted, job: object) -> None:
    issue, timer = effects(event)
    assert isinstance(issue, IssueJob)
    assert (issue.job, issue.lane) == (job, "bulk")
    assert timer == SetTimer(event.stage, event.timer_id, event.deadline_at)


def test_the_same_event_gives_the_same_job_id_and_another_stage_another() -> None:
    ids = [
        effect.job_id
        for stage in (started("ingest"), started("ingest"), started("topicize"))
        for effect in effects(stage)
        if isinstance(effect, IssueJob)
    ]
    assert ids[0] == ids[1] != ids[2]


def test_processing_is_opened_and_not_a_job_of_its_own() -> None:
    assert effects(started("process"))[0] == OpenDispatch(0, "bulk", ModelChoice(model="small"))


def test_a_stage_that_is_over_meanwhile_is_not_begun_again() -> None:
    done = IngestStageCompleted(at=NOW, expected=1, pages=1)
    assert effects(started("ingest"), done) == ()
    assert effects(started("ingest"), FAILED) == ()
    assert effects(started("ingest"), CancelRequested(at=NOW, actor="ann")) == ()


def test_a_stage_that_ends_needs_its_timer_no_more() -> None:
    assert effects(IngestStageCompleted(at=NOW, expected=1, pages=1)) == (CancelTimer("ingest"),)
    processed = ProcessStageCompleted(at=NOW, expected=1, done=1, failed=0)
    assert effects(processed) == (CancelTimer("process"), CloseDispatch())


def test_a_failure_leaves_no_work_behind() -> None:
    state = fold([REQUESTED, started("ingest"), started("process"), FAILED])
    assert effects_of("w1", FAILED, state) == (
        StopWorkers(),
        CloseDispatch(),
        PurgeJobs(),
        CancelTimer("ingest"),
        CancelTimer("process"),
    )


def test_a_completed_workflow_does_not_stop_its_workers() -> None:
    assert effects(WorkflowCompleted(at=NOW, result="complete", duration_ms=1)) == (PurgeJobs(),)


PAUSED = WorkflowPaused(at=NOW, reason="budget", detail="The next call does not fit into the workflow's budget of $5.")


def test_a_pause_is_told_to_the_workers_and_nothing_is_taken_back() -> None:
    state = fold([REQUESTED, started("process"), PAUSED])
    assert effects_of("w1", PAUSED, state) == (PauseWorkers(),)


def test_what_is_resumed_is_issued_anew_with_its_new_budget() -> None:
    resumed = ResumeRequested(at=NOW, actor="ann", budget=Budget(cost_micros=10))
    state = fold([REQUESTED, started("process"), PAUSED, resumed])
    options = ProcessingOptions(budget=Budget(cost_micros=10))
    assert effects_of("w1", resumed, state) == (
        OpenDispatch(0, "bulk", ModelChoice(model="small"), options),
        ReissueJobs(),
        ResumeWorkers(),
    )


def test_a_pause_heard_again_after_it_was_lifted_pauses_nobody() -> None:
    resumed = ResumeRequested(at=NOW, actor="ann")
    state = fold([REQUESTED, started("process"), PAUSED, resumed])
    assert PauseWorkers() not in effects_of("w1", PAUSED, state)


def test_a_workflow_that_is_over_is_neither_paused_nor_resumed() -> None:
    state = fold([REQUESTED, started("process"), PAUSED, CancelRequested(at=NOW, actor="ann")])
    assert effects_of("w1", PAUSED, state) == ()
    assert effects_of("w1", ResumeRequested(at=NOW, actor="ann"), state) == ()
