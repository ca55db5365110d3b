from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tg_parser.contracts.jobs import Budget, ProcessingOptions
from tg_parser.contracts.knowledge import Artifact
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import (
    STAGES,
    CancelRequested,
    ExportTarget,
    ProcessStageCompleted,
    ResumeRequested,
    StageProgressed,
    StageStarted,
    StageTimedOut,
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
    RecordExportCompleted,
    RecordExportRefused,
    RecordIngestCompleted,
    RecordIngestRefused,
    RecordJobFailed,
    RecordProcessCompleted,
    RecordProgress,
    RecordTopicizeCompleted,
    StageTimeout,
)
from tg_parser.orchestrator.domain.saga import Rules, decide
from tg_parser.orchestrator.domain.state import INITIAL, Workflow, evolve, fold
from tg_parser.testkit.decider import Given, given

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules({stage: timedelta(hours=1) for stage in STAGES}, code_version="test")
SOURCE = SourceSpec(kind="td_json", location="/exports/channel/result.json")
TARGET = ExportTarget(location="/exports/out")

RUN = WorkflowRequested(kind="run", at=NOW, actor="ann", source=SOURCE, target=TARGET)
EXPORT = WorkflowRequested(kind="export", at=NOW, actor="ann", target=TARGET)

INGESTED = RecordIngestCompleted(expected=10, pages=1, ingested=10, channel_ids=("1001",))
PROCESSED = RecordProcessCompleted(
    expected=10,
    done=8,
    failed=0,
    skipped={"empty": 2},
    input_tokens=900,
    output_tokens=90,
    cost_micros=1200,
    last_seq=31,
)
TOPICIZED = RecordTopicizeCompleted(epoch=1, topics=3, unassigned=1, last_seq=40)
EXPORTED = RecordExportCompleted(
    location="/exports/out",
    log_position=40,
    artifacts=(Artifact(name="kb_entries.ndjson", sha256="ab" * 32, bytes=120, rows=8),),
)
HALF = RecordProgress(stage="process", expected=10, done=4, failed=0, skipped=1)


def told(commands: Sequence[Command], *, requested: WorkflowRequested = RUN, step: float = 1.0) -> list[Message]:
    """The log of a workflow after `commands`, each `step` seconds after the one before."""
    log: list[Message] = [requested]
    for position, command in enumerate(commands, start=1):
        log += decide(command, fold(log), NOW + timedelta(seconds=position * step), RULES)
    return log


def after(*commands: Command, requested: WorkflowRequested = RUN) -> Given[Workflow, Message]:
    return given(evolve, INITIAL, *told(commands, requested=requested))


def when(given_: Given[Workflow, Message], command: Command, now: datetime = NOW) -> tuple[Message, ...]:
    return given_.when(lambda state: decide(command, state, now, RULES)).events


def types(events: Sequence[Message]) -> list[type[Message]]:
    return [type(event) for event in events]


def test_a_workflow_nobody_asked_for_decides_nothing() -> None:
    given(evolve, INITIAL).when(lambda state: decide(Advance(), state, NOW, RULES)).then()


def test_a_run_reads_and_processes_at_the_same_time() -> None:
    started = when(after(), Advance())
    assert types(started) == [WorkflowStarted, StageStarted, StageStarted]
    assert [event.stage for event in started if isinstance(event, StageStarted)] == ["ingest", "process"]


def test_a_stage_must_end_within_its_own_time() -> None:
    started = when(after(), Advance())[1]
    assert isinstance(started, StageStarted)
    assert started.deadline_at - started.at == RULES.deadlines["ingest"]


def test_topics_wait_for_the_last_outcome() -> None:
    (started,) = when(after(Advance(), INGESTED, PROCESSED), Advance())
    assert isinstance(started, StageStarted)
    assert (started.stage, started.after_seq) == ("topicize", PROCESSED.last_seq)


@pytest.mark.parametrize("order", [(INGESTED, PROCESSED), (PROCESSED, INGESTED)])
def test_reading_and_processing_may_end_in_any_order(order: tuple[Command, ...]) -> None:
    assert types(when(after(Advance(), order[0]), Advance())) == []
    assert types(when(after(Advance(), *order), Advance())) == [StageStarted]


def test_an_empty_source_completes_processing_at_once() -> None:
    (completed,) = when(after(Advance(), RecordIngestCompleted(expected=0, pages=0)), Advance())
    assert isinstance(completed, ProcessStageCompleted)
    assert completed.expected == 0


def test_a_look_that_found_nothing_new_leaves_the_topics_alone() -> None:
    untargeted = RUN.model_copy(update={"target": None})
    nothing = (Advance(), RecordIngestCompleted(expected=0, pages=0), Advance())
    (completed,) = when(after(*nothing, requested=untargeted), Advance())
    assert isinstance(completed, WorkflowCompleted)
    assert types(when(after(*nothing), Advance())) == [StageStarted], "whoever wants files gets them"


def test_an_export_waits_for_the_topics_fact() -> None:
    (started,) = when(after(Advance(), INGESTED, PROCESSED, Advance(), TOPICIZED), Advance())
    assert isinstance(started, StageStarted)
    assert (started.stage, started.after_seq) == ("export", TOPICIZED.last_seq)


def test_an_export_alone_holds_what_the_log_held_when_it_was_asked_for() -> None:
    started = when(after(requested=EXPORT), Advance(facts_end=77))
    assert [event.after_seq for event in started if isinstance(event, StageStarted)] == [77]
    assert [event.stage for event in started if isinstance(event, StageStarted)] == ["export"]


def test_a_run_without_a_target_ends_with_its_topics() -> None:
    untargeted = RUN.model_copy(update={"target": None})
    log = told([Advance(), INGESTED, PROCESSED, Advance(), TOPICIZED, Advance()], requested=untargeted)
    assert isinstance(log[-1], WorkflowCompleted)


@pytest.mark.parametrize(
    ("requested", "stage"),
    [(RUN.model_copy(update={"source": None}), "ingest"), (EXPORT.model_copy(update={"target": None}), "export")],
)
def test_a_request_that_lacks_what_it_needs_fails_with_a_sentence(requested: WorkflowRequested, stage: str) -> None:
    failed = when(after(requested=requested), Advance())[-1]
    assert isinstance(failed, WorkflowFailed)
    assert (failed.stage, failed.error_class) == (stage, "invalid")


@pytest.mark.parametrize(
    ("ingest", "process", "result"),
    [
        ({}, {}, "complete"),
        ({"rejected": 1}, {}, "partial"),
        ({"truncated": "The file ends in the middle."}, {}, "partial"),
        ({}, {"failed": 1}, "partial"),
    ],
)
def test_a_result_is_partial_if_anything_is_missing(
    ingest: dict[str, Any], process: dict[str, Any], result: str
) -> None:
    ingested, processed = replace(INGESTED, **ingest), replace(PROCESSED, **process)
    log = told([Advance(), ingested, processed, Advance(), TOPICIZED, Advance(), EXPORTED, Advance()])
    assert isinstance(log[-1], WorkflowCompleted)
    assert log[-1].result == result


@pytest.mark.parametrize(
    "refusal",
    [
        RecordIngestRefused("There is no such file."),
        RecordJobFailed("ingest", "OSError", "The disk is gone."),
    ],
)
def test_a_refused_source_fails_the_workflow(refusal: Command) -> None:
    (failed,) = when(after(Advance()), refusal)
    assert isinstance(failed, WorkflowFailed)
    assert failed.stage == "ingest"


def test_a_refusal_of_a_stage_that_is_over_is_late() -> None:
    assert when(after(Advance(), INGESTED), RecordIngestRefused("Too late.")) == ()
    assert when(after(Advance()), RecordExportRefused("Too early.")) == ()


def test_an_outcome_of_another_generation_is_not_of_this_stage() -> None:
    old = RecordProcessCompleted(expected=10, done=10, failed=0, generation=7)
    assert when(after(Advance()), old) == ()


def test_a_timer_that_comes_in_time_fails_the_workflow() -> None:
    assert types(when(after(Advance()), StageTimeout("ingest", "ingest:0"))) == [StageTimedOut, WorkflowFailed]


@pytest.mark.parametrize("stale", [StageTimeout("ingest", "another"), StageTimeout("topicize", "topicize:0")])
def test_a_stale_timer_does_nothing(stale: StageTimeout) -> None:
    assert when(after(Advance()), stale) == ()
    assert when(after(Advance(), INGESTED), StageTimeout("ingest", "ingest:0")) == ()


def test_a_cancelled_workflow_stops_at_its_next_step() -> None:
    assert types(when(after(Advance()), Cancel("ann"))) == [CancelRequested]
    stopping = after(Advance(), Cancel("ann"))
    assert when(stopping, Cancel("ann")) == ()
    assert when(stopping, INGESTED) == ()
    assert types(when(stopping, Advance(facts_end=5))) == [WorkflowCancelled]


@pytest.mark.parametrize(
    ("seconds", "before", "now", "told_again"),
    [(1, 0, 1, True), (1, 5, 5, False), (1, 5, 4, False), (5, 50, 55, False), (40, 50, 55, True), (5, 50, 60, True)],
)
def test_progress_is_told_once_for_a_tenth_or_half_a_minute(
    seconds: int, before: int, now: int, told_again: bool
) -> None:
    def progress(done: int) -> RecordProgress:
        return RecordProgress(stage="process", expected=10 if before < 50 else 100, done=done, failed=0, skipped=0)

    running = after(Advance(), *([progress(before)] if before else []))
    assert types(when(running, progress(now), NOW + timedelta(seconds=seconds))) == [StageProgressed] * told_again


def test_a_stage_of_a_week_does_not_fill_its_log() -> None:
    state = fold(told([Advance()]))
    events = 0
    for half_minutes in range(1, 2 * 60 * 24 * 7):
        progress = RecordProgress(stage="process", expected=None, done=half_minutes, failed=0, skipped=0)
        decided = decide(progress, state, NOW + timedelta(seconds=31 * half_minutes), RULES)
        state, events = fold(decided, state), events + len(decided)
    assert 50 < events < 300


PAUSE = Pause("budget", "The next call does not fit into the workflow's budget of $5.")


def processing() -> Workflow:
    start = StageStarted(stage="process", at=NOW, timer_id="process:0", deadline_at=NOW)
    return fold([RUN, WorkflowStarted(at=NOW, code_version="1"), start])


def test_a_running_workflow_is_paused_once() -> None:
    (paused,) = decide(PAUSE, processing(), NOW, RULES)
    assert paused == WorkflowPaused(at=NOW, reason="budget", detail=PAUSE.detail)
    assert decide(PAUSE, evolve(processing(), paused), NOW, RULES) == ()


def test_what_is_not_processing_or_is_over_is_not_paused() -> None:
    assert decide(PAUSE, fold([RUN]), NOW, RULES) == ()
    over = fold([WorkflowFailed(at=NOW, stage="process", error_class="x", detail="x")], processing())
    assert decide(PAUSE, over, NOW, RULES) == ()
    assert decide(replace(PAUSE, generation=1), processing(), NOW, RULES) == ()


def test_a_paused_workflow_may_be_paused_again_after_it_was_resumed_and_keeps_its_last_budget() -> None:
    paused = WorkflowPaused(at=NOW, reason="budget", detail="x")
    first = ResumeRequested(at=NOW, actor="ann", budget=Budget(messages=10))
    again = ResumeRequested(at=NOW, actor="ann")
    state = fold([paused, first], processing())
    assert decide(PAUSE, state, NOW, RULES) != ()
    state = fold([paused, again], state)
    assert state.options == ProcessingOptions(budget=Budget(messages=10))


def test_a_paused_workflow_may_end_while_it_is_paused() -> None:
    state = fold([WorkflowPaused(at=NOW, reason="budget", detail="x")], processing())
    assert decide(Cancel("ann"), state, NOW, RULES) == (CancelRequested(at=NOW, actor="ann", reason=""),)
    assert decide(PROCESSED, state, NOW, RULES) != ()


def test_topics_wait_for_whatever_a_source_told_last_and_an_import_may_bring_nothing_else() -> None:
    imported = replace_source(kind="v3_database")
    nothing = (Advance(), RecordIngestCompleted(expected=0, pages=1, last_seq=7), Advance(), Advance())
    log = told(nothing, requested=imported)
    started = [event for event in log if isinstance(event, StageStarted) and event.stage == "topicize"]
    assert [event.after_seq for event in started] == [7]


def replace_source(**changes: Any) -> WorkflowRequested:
    return RUN.model_copy(update={"source": SOURCE.model_copy(update=changes), "target": None})
