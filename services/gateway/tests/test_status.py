from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies

from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import StageCounts, WorkflowProgress
from tg_parser.gateway.domain.status import SETTLED, WorkflowStatus, fold, with_progress

LOGS = Path(__file__).parents[2] / "orchestrator" / "tests" / "fixtures" / "logs"


def log(name: str) -> list[Message]:
    """A finished log that the orchestrator's own tests keep."""
    found = json.loads((LOGS / f"{name}.json").read_text("utf-8"))
    events = found["events"] if isinstance(found, dict) else found
    return [decode_body(event["type"], json.dumps(event["data"]).encode()) for event in events]


@pytest.mark.parametrize(
    ("name", "state"),
    [("complete", "completed"), ("partial", "partial"), ("failed", "failed"), ("cancelled", "cancelled")],
)
def test_a_finished_log_folds_to_how_it_ended(name: str, state: str) -> None:
    status = fold("w", log(name))
    assert status is not None
    assert status.state == state
    assert status.finished_at is not None
    assert status.duration_ms is not None
    assert "running" not in {stage.state for stage in status.stages.values()}


def test_an_empty_log_is_no_workflow() -> None:
    assert fold("w", []) is None


@given(
    strategies.sampled_from(["complete", "partial", "failed", "cancelled"]),
    strategies.integers(min_value=1, max_value=40),
)
def test_any_beginning_of_a_log_is_a_valid_status(name: str, length: int) -> None:
    events = log(name)[:length]
    status = fold("w", events)
    assert status is not None
    assert WorkflowStatus.model_validate_json(status.model_dump_json()) == status
    assert (status.state in SETTLED) == (status.finished_at is not None)


def test_a_complete_log_says_what_was_done_and_where_it_lies() -> None:
    status = fold("w", log("complete"))
    assert status is not None
    process = status.stages["process"]
    assert process.expected == process.done + process.failed + process.skipped
    assert sum(process.skipped_by_reason.values()) == process.skipped
    assert status.artifacts
    assert status.error is None


def test_live_numbers_show_only_while_a_stage_runs() -> None:
    events = log("complete")
    progress = WorkflowProgress(workflow_id="w", at=events[0].at, stages={"process": StageCounts(expected=9, done=4)})  # pyright: ignore
    early, late = fold("w", events[:4]), fold("w", events)
    assert early is not None
    assert late is not None
    running = early.stages["process"].state == "running"
    assert running
    assert with_progress(early, progress).stages["process"].done == 4
    before = late.model_copy(deep=True)
    assert with_progress(late, progress) == before
