"""Followed sources, with everything outside in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.chassis.errors import ConcurrencyError
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Fact, Message, WorkflowEvent
from tg_parser.contracts.sources import SourceAdded, SourcePaused, SourceRunStarted
from tg_parser.contracts.subjects import follow_timer_fired_subject
from tg_parser.contracts.workflows import STAGES, WorkflowCancelled, WorkflowRequested
from tg_parser.orchestrator.domain.saga import Rules
from tg_parser.orchestrator.follower import Follower
from tg_parser.orchestrator.handlers import WorkflowCommands

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules({stage: timedelta(hours=1) for stage in STAGES}, code_version="test")


@dataclass
class World:
    """The log, the schedules and the workflows."""

    facts: list[Fact] = field(default_factory=list[Fact])
    times: dict[str, datetime] = field(default_factory=dict[str, datetime])
    logs: dict[str, list[WorkflowEvent]] = field(default_factory=dict[str, list[WorkflowEvent]])

    async def told(self, source_id: str) -> list[Message]:
        return [fact for fact in self.facts if fact.subject_key() == source_id]

    async def names(self) -> list[str]:
        return sorted({fact.subject_key() for fact in self.facts if isinstance(fact, SourceAdded)})

    async def set(self, source_id: str, at: datetime) -> None:
        self.times[source_id] = at

    async def planned(self, source_id: str) -> bool:
        return source_id in self.times

    async def heard(self, source_id: str, seq: int) -> None:
        del source_id, seq

    async def cancel(self, source_id: str) -> None:
        self.times.pop(source_id, None)

    async def tell(self, fact: Fact) -> int:
        if fact not in self.facts:
            self.facts.append(fact)
        return len(self.facts)

    async def load(self, workflow_id: str) -> list[Recorded]:
        return [recorded(event, "", seq) for seq, event in enumerate(self.logs.get(workflow_id, ()), 1)]

    async def append(self, workflow_id: str, events: Sequence[WorkflowEvent], *, expected_seq: int) -> int:
        log = self.logs.setdefault(workflow_id, [])
        if len(log) != expected_seq:
            raise ConcurrencyError("Somebody was first.")
        log.extend(events)
        return len(log)


def recorded(message: Message, subject: str, seq: int) -> Recorded:
    envelope = Envelope(id=str(seq), type=message.wire_type(), source="test", time=NOW)
    return Recorded(seq, subject, envelope.headers(), encode(message))


def timer(seq: int) -> Recorded:
    return Recorded(seq, follow_timer_fired_subject("news"), {}, b"news")


@pytest.fixture
def world() -> World:
    added = SourceAdded(
        source_id="news", at=NOW, spec=SourceSpec(kind="web_preview", location="news"), follow_every=300
    )
    return World([added])


@pytest.fixture
def follower(world: World) -> Follower:
    return Follower(world, WorkflowCommands(world, RULES, lambda: NOW), world, world, lambda: NOW)


async def test_a_timer_heard_twice_begins_one_workflow(world: World, follower: Follower) -> None:
    await follower.fired(timer(7))
    await follower.fired(timer(7))
    (started,) = [fact for fact in world.facts if isinstance(fact, SourceRunStarted)]
    assert [type(event) for event in world.logs[started.workflow_id]] == [WorkflowRequested]


async def test_the_next_look_waits_for_the_last_one(world: World, follower: Follower) -> None:
    await follower.fired(timer(7))
    await follower.fired(timer(8))
    assert len(world.logs) == 1
    (workflow_id,) = world.logs
    world.logs[workflow_id].append(WorkflowCancelled(at=NOW))
    await follower.fired(timer(9))
    assert len(world.logs) == 2


async def test_a_schedule_that_was_lost_is_made_again(world: World, follower: Follower) -> None:
    await follower.round()
    assert world.times == {"news": NOW}
    world.times["news"] = NOW + timedelta(minutes=3)
    await follower.round()
    assert world.times == {"news": NOW + timedelta(minutes=3)}, "what is planned stays"


async def test_a_paused_source_is_not_planned(world: World, follower: Follower) -> None:
    paused = SourcePaused(source_id="news", at=NOW)
    world.times["news"] = NOW
    world.facts.append(paused)
    await follower.heard(recorded(paused, "tg.evt.source.paused.v1.news", 2))
    await follower.round()
    assert world.times == {}
