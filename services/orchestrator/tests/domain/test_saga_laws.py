from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.knowledge import Artifact
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Message
from tg_parser.contracts.workflows import (
    STAGES,
    CancelRequested,
    ExportStageCompleted,
    ExportTarget,
    IngestStageCompleted,
    ProcessStageCompleted,
    TopicizeStageCompleted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowRequested,
    WorkflowStarted,
)
from tg_parser.orchestrator.domain.commands import (
    Advance,
    Cancel,
    Command,
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
from tg_parser.orchestrator.domain.state import fold

LOGS = Path(__file__).parents[1] / "fixtures" / "logs"

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


def types(events: Sequence[Message]) -> list[type[Message]]:
    return [type(event) for event in events]


counts = st.integers(0, 12)
commands = st.one_of(
    st.builds(Advance, counts),
    st.sampled_from([INGESTED, PROCESSED, TOPICIZED, EXPORTED, HALF]),
    st.builds(RecordIngestCompleted, counts, counts, rejected=counts, generation=st.integers(0, 1)),
    st.builds(RecordProgress, st.sampled_from(STAGES), st.none() | counts, counts, counts, counts),
    st.builds(RecordJobFailed, st.sampled_from(STAGES), st.just("OSError"), st.just("The disk is gone.")),
    st.builds(StageTimeout, st.sampled_from(STAGES), st.sampled_from(["process:0", "export:0", "old"])),
    st.builds(Cancel, st.just("ann")),
    st.builds(RecordIngestRefused, st.just("Gone.")),
    st.builds(RecordExportRefused, st.just("Not writable.")),
)
requests = st.sampled_from([RUN, EXPORT, RUN.model_copy(update={"target": None})])
rarely_ended = st.lists(
    st.sampled_from([Advance(), Advance(), INGESTED, PROCESSED, TOPICIZED, EXPORTED, HALF]), max_size=25
)
histories = st.lists(commands, max_size=25) | rarely_ended
STAGE_ENDS = (IngestStageCompleted, ProcessStageCompleted, TopicizeStageCompleted, ExportStageCompleted)
ENDS = (WorkflowCompleted, WorkflowFailed, WorkflowCancelled)


@for_all(requests, histories, st.integers(0, 30))
def test_any_history_folds_the_same_in_chunks(requested: WorkflowRequested, history: list[Command], cut: int) -> None:
    log = told(history, requested=requested)
    assert fold(log[cut:], fold(log[:cut])) == fold(log)


@for_all(requests, histories)
def test_every_stage_ends_at_most_once_and_nothing_follows_the_end(
    requested: WorkflowRequested, history: list[Command]
) -> None:
    kinds = types(told(history, requested=requested))
    assert all(kinds.count(kind) <= 1 for kind in (*STAGE_ENDS, *ENDS, WorkflowStarted, CancelRequested))
    ended = [position for position, kind in enumerate(kinds) if kind in ENDS]
    assert ended in ([], [len(kinds) - 1])
    if kinds[-1] is WorkflowCompleted and requested is RUN:
        assert all(kinds.count(kind) == 1 for kind in STAGE_ENDS)


@for_all(requests, histories, commands)
def test_a_command_given_twice_decides_once(
    requested: WorkflowRequested, history: list[Command], command: Command
) -> None:
    state = fold(told(history, requested=requested))
    again = fold(decide(command, state, NOW, RULES), state)
    if not isinstance(command, Advance):  # Advance is the next step, and after it comes the next one
        assert decide(command, again, NOW, RULES) == ()


@for_all(requests, histories)
def test_advancing_comes_to_rest(requested: WorkflowRequested, history: list[Command]) -> None:
    state = fold(told(history, requested=requested))
    for _ in range(4):
        state = fold(decide(Advance(), state, NOW, RULES), state)
    assert decide(Advance(), state, NOW, RULES) == ()


@pytest.mark.parametrize("story", ["cancelled", "complete", "failed", "partial"])
def test_a_stored_log_folds_to_the_same_end_for_ever(story: str) -> None:
    """The logs were written once and are never edited: what a finished workflow came to must not change with the code."""
    stored = json.loads((LOGS / f"{story}.json").read_text())
    events = [decode_body(event["type"], json.dumps(event["data"]).encode()) for event in stored["events"]]
    state = fold(events)
    assert state.outcome == stored["outcome"] == story
    assert sorted(stage for stage in STAGES if state.completed(stage)) == sorted(stored["completed"])
    assert all(decide(command, state, NOW, RULES) == () for command in (Advance(), Cancel("ann"), INGESTED, HALF))
