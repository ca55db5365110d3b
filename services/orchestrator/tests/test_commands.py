from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.chassis.errors import ConcurrencyError, TransientError
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.jobs import JobFailed
from tg_parser.contracts.knowledge import ExportRefused
from tg_parser.contracts.messages import IngestCompleted, SourceSpec
from tg_parser.contracts.model import Fact, WorkflowEvent
from tg_parser.contracts.topics import TopicizationCompleted
from tg_parser.contracts.workflows import STAGES, IngestStageCompleted, StageStarted, WorkflowRequested, WorkflowStarted
from tg_parser.orchestrator.domain.commands import (
    Advance,
    Command,
    RecordExportRefused,
    RecordIngestCompleted,
    RecordJobFailed,
    RecordTopicizeCompleted,
)
from tg_parser.orchestrator.domain.saga import Rules
from tg_parser.orchestrator.handlers import WorkflowCommands
from tg_parser.orchestrator.ledger.notices import Announcer, command_of
from tg_parser.orchestrator.ports import Notice

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules({stage: timedelta(hours=1) for stage in STAGES}, code_version="test")
REQUESTED = WorkflowRequested(kind="run", at=NOW, actor="ann", source=SourceSpec(kind="td_json", location="/in.json"))
INGESTED = RecordIngestCompleted(expected=3, pages=1, ingested=3)


@dataclass
class FakeLog:
    """One workflow's log. Before each of the first `rivals` appends somebody else appends the same."""

    events: list[WorkflowEvent] = field(default_factory=list[WorkflowEvent])
    rivals: int = 0
    rival_says_the_same: bool = True

    async def load(self, workflow_id: str) -> list[Recorded]:
        return [
            Recorded(seq, f"tg.wf.v1.{workflow_id}", {"ce-type": event.wire_type()}, encode(event))
            for seq, event in enumerate(self.events, start=1)
        ]

    async def append(self, workflow_id: str, events: Sequence[WorkflowEvent], *, expected_seq: int) -> int:
        del workflow_id
        if self.rivals:
            self.rivals -= 1
            self.events += events if self.rival_says_the_same else [REQUESTED]
        if expected_seq != len(self.events):
            raise ConcurrencyError("Somebody was first.")
        self.events += events
        return len(self.events)


def commands(log: FakeLog) -> WorkflowCommands:
    return WorkflowCommands(log, RULES, lambda: NOW, wait=lambda attempt: 0.0)


def kinds(log: FakeLog) -> list[type[WorkflowEvent]]:
    return [type(event) for event in log.events]


async def test_a_command_appends_what_follows_from_it() -> None:
    log = FakeLog([REQUESTED])
    assert [type(event) for event in await commands(log).execute("w1", Advance())] == kinds(log)[1:]
    assert kinds(log) == [WorkflowRequested, WorkflowStarted, StageStarted, StageStarted]


async def test_a_command_that_came_second_is_decided_again_and_finds_nothing_left() -> None:
    log = FakeLog([REQUESTED], rivals=1)
    assert await commands(log).execute("w1", Advance()) == ()
    assert kinds(log).count(WorkflowStarted) == 1


async def test_a_command_that_always_comes_second_is_handed_back() -> None:
    log = FakeLog([REQUESTED], rivals=99, rival_says_the_same=False)
    with pytest.raises(TransientError):
        await commands(log).execute("w1", Advance())
    assert log.rivals == 94


async def test_a_workflow_nobody_asked_for_stays_empty() -> None:
    log = FakeLog()
    assert await commands(log).execute("w1", INGESTED) == ()
    assert log.events == []


def notice(fact: Fact, seq: int = 9) -> Notice:
    return Notice("w1", 0, fact.wire_type(), seq, encode(fact).decode())


@pytest.mark.parametrize(
    ("fact", "command"),
    [
        (IngestCompleted(expected=3, pages=1, ingested=3), replace(INGESTED, last_seq=9)),
        (
            TopicizationCompleted(epoch=2, input_seq=5, topics=4, assigned=3, unassigned=1, output_digest="d"),
            RecordTopicizeCompleted(2, 4, 1, last_seq=9),
        ),
        (ExportRefused(reason="Not writable."), RecordExportRefused("Not writable.")),
        (
            JobFailed(job_kind="topicize", error_class="OSError", detail="Gone.", attempts=5),
            RecordJobFailed("topicize", "OSError", "Gone."),
        ),
        (JobFailed(job_kind="webhook", error_class="OSError", detail="Gone.", attempts=5), None),
    ],
)
def test_a_notice_is_a_command(fact: Fact, command: Command | None) -> None:
    assert command_of(notice(fact)) == command


@dataclass
class FakeBoard:
    notices: list[Notice]

    async def waiting(self, limit: int) -> list[Notice]:
        return self.notices[:limit]

    async def announced(self, notice: Notice) -> None:
        self.notices.remove(notice)


async def test_a_notice_is_told_once_and_ticked_off() -> None:
    log = FakeLog([REQUESTED])
    await commands(log).execute("w1", Advance())
    told = notice(IngestCompleted(expected=3, pages=1, ingested=3))
    board = FakeBoard([told, told])
    await Announcer(board, commands(log), look_every_s=1).announce()
    assert board.notices == []
    assert kinds(log).count(IngestStageCompleted) == 1


async def test_a_notice_that_cannot_be_read_does_not_stop_the_others() -> None:
    log = FakeLog([REQUESTED])
    await commands(log).execute("w1", Advance())
    board = FakeBoard([Notice("w1", 0, "tg.no.such.v1", 1, "{}"), notice(IngestCompleted(expected=3, pages=1))])
    await Announcer(board, commands(log), look_every_s=1).announce()
    assert kinds(log)[-1] is IngestStageCompleted


async def test_a_notice_that_could_not_be_told_stays() -> None:
    board = FakeBoard([notice(IngestCompleted(expected=3, pages=1))])
    log = FakeLog([REQUESTED])
    await commands(log).execute("w1", Advance())
    log.rivals, log.rival_says_the_same = 99, False
    with pytest.raises(TransientError):
        await Announcer(board, commands(log), look_every_s=1).announce()
    assert len(board.notices) == 1
