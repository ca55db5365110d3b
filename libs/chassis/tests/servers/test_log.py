from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tg_parser.chassis.atomic import publish_atomically
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import ConcurrencyError, PermanentError, TransientError
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.model import WorkflowEvent
from tg_parser.contracts.workflows import WorkflowCancelled, WorkflowStarted
from tg_parser.testkit.drills import post, posts

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def started(version: str = "1") -> WorkflowStarted:
    return WorkflowStarted(at=NOW, code_version=version)


def cancelled(reason: str = "") -> WorkflowCancelled:
    return WorkflowCancelled(at=NOW, reason=reason)


async def log_of(chassis: Chassis, workflow_id: str) -> list[object]:
    return [entry.message for entry in await chassis.log.load(workflow_id)]


async def test_the_same_fact_told_twice_is_one_fact(chassis: Chassis) -> None:
    first = await chassis.facts.tell(post(1))
    again = await chassis.facts.tell(post(1))
    assert (first, again) == (1, 1)
    assert await chassis.log.last_seq(subjects.FACTS) == 1


async def test_facts_told_together_keep_their_order(chassis: Chassis) -> None:
    told = posts(1, 50)
    assert await chassis.facts.tell_all(told) == list(range(1, 51))
    found = await chassis.log.read_range(subjects.FACTS, subjects.fact_filter(MessageIngested), from_seq=1, limit=50)
    assert [entry.message for entry in found] == told


async def test_an_append_at_the_expected_position_succeeds(chassis: Chassis) -> None:
    first = await chassis.log.append("w1", [started()], expected_seq=0)
    second = await chassis.log.append("w1", [cancelled()], expected_seq=first)
    assert second > first
    assert await log_of(chassis, "w1") == [started(), cancelled()]
    assert await chassis.log.last_seq(subjects.WORKFLOWS, subjects.workflow_subject("w1")) == second


async def test_an_append_of_nothing_changes_nothing(chassis: Chassis) -> None:
    assert await chassis.log.append("w1", [], expected_seq=0) == 0
    assert await chassis.log.load("w1") == []


@pytest.mark.parametrize("late", [[started("2")], [started("2"), cancelled()]], ids=["one event", "two events"])
async def test_an_append_at_a_past_position_is_a_conflict_and_stores_nothing(
    chassis: Chassis, late: list[WorkflowEvent]
) -> None:
    await chassis.log.append("w1", [started("1")], expected_seq=0)
    with pytest.raises(ConcurrencyError, match=r"tg\.wf\.v1\.w1 has moved on"):
        await chassis.log.append("w1", late, expected_seq=0)
    assert await log_of(chassis, "w1") == [started("1")]


@pytest.mark.parametrize("decision", [[started()], [started(), cancelled()]], ids=["one event", "two events"])
async def test_a_decision_appended_again_after_a_lost_confirmation_has_succeeded(
    chassis: Chassis, decision: list[WorkflowEvent]
) -> None:
    last = await chassis.log.append("w1", decision, expected_seq=0)
    assert await chassis.log.append("w1", decision, expected_seq=0) == last
    assert await log_of(chassis, "w1") == decision


async def test_a_decision_appended_again_succeeds_even_if_the_log_has_grown_since(chassis: Chassis) -> None:
    last = await chassis.log.append("w1", [started()], expected_seq=0)
    await chassis.log.append("w1", [cancelled()], expected_seq=last)
    assert await chassis.log.append("w1", [started()], expected_seq=0) == last
    assert len(await chassis.log.load("w1")) == 2


async def test_other_workflows_do_not_move_a_workflows_position(chassis: Chassis) -> None:
    first = await chassis.log.append("w1", [started()], expected_seq=0)
    await chassis.log.append("w2", [started()], expected_seq=0)
    await chassis.log.append("w1", [cancelled()], expected_seq=first)
    assert await log_of(chassis, "w1") == [started(), cancelled()]


async def test_of_two_writers_exactly_one_wins_each_round(chassis: Chassis) -> None:
    position = 0
    for round_number in range(20):
        outcomes = await asyncio.gather(
            *(
                chassis.log.append("w1", [cancelled(f"{writer} in round {round_number}")], expected_seq=position)
                for writer in ("one", "other")
            ),
            return_exceptions=True,
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert len(won) == 1, outcomes
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, int)] == [ConcurrencyError]
        position = won[0]
    assert len(await chassis.log.load("w1")) == 20


async def test_a_batch_is_stored_whole_or_not_at_all(chassis: Chassis) -> None:
    subject = subjects.workflow_subject("w1")
    good = [(b"1", {"ce-id": "1"}), (b"2", {"ce-id": "2"})]
    with pytest.raises(PermanentError, match="too large"):
        await publish_atomically(chassis.nc, subject, [*good, (bytes(2_000_000), {"ce-id": "3"})], expected_seq=0)
    assert await chassis.log.last_seq(subjects.WORKFLOWS) == 0
    await publish_atomically(chassis.nc, subject, good, expected_seq=0)
    assert [entry.body for entry in await chassis.log.load("w1")] == [b"1", b"2"]


async def test_an_abandoned_batch_does_not_stand_in_the_way_of_its_repetition(chassis: Chassis) -> None:
    subject = subjects.workflow_subject("w1")
    first, second = (b"1", {"ce-id": "1"}), (b"2", {"ce-id": "2"})
    with pytest.raises(PermanentError):
        await publish_atomically(chassis.nc, subject, [first, (b"2", {"bad name": "2", "ce-id": "2"})], expected_seq=0)
    await publish_atomically(chassis.nc, subject, [first, second], expected_seq=0)
    assert len(await chassis.log.load("w1")) == 2


async def test_a_log_longer_than_one_page_is_loaded_whole(chassis: Chassis) -> None:
    subject = subjects.workflow_subject("w1")
    for _ in range(3):
        position = await chassis.log.last_seq(subjects.WORKFLOWS)
        messages = [(b"%d" % number, {"ce-id": str(number)}) for number in range(400)]
        await publish_atomically(chassis.nc, subject, messages, expected_seq=position)
    loaded = await chassis.log.load("w1")
    assert [entry.seq for entry in loaded] == list(range(1, 1201))
    assert [entry.body for entry in loaded] == [b"%d" % number for number in range(400)] * 3


async def test_a_range_is_read_from_its_position_up_to_its_limit_and_only_what_matches(chassis: Chassis) -> None:
    other = MessageSkipped(channel_id="1", source_ref="tg:1:post:9", reason="empty")
    await chassis.facts.tell_all([post(1), other, *posts(2, 6)])
    wanted = subjects.fact_filter(MessageIngested)
    found = await chassis.log.read_range(subjects.FACTS, wanted, from_seq=2, limit=3)
    assert [entry.seq for entry in found] == [3, 4, 5]
    assert await chassis.log.read_range(subjects.FACTS, wanted, from_seq=8, limit=3) == []


async def test_a_stream_that_does_not_exist_cannot_be_read_just_now(chassis: Chassis) -> None:
    with pytest.raises(TransientError, match="NOWHERE could not be read from 1"):
        await chassis.log.read_range("NOWHERE", ">", from_seq=1, limit=1)
    with pytest.raises(TransientError, match="NOWHERE could not be asked for its end"):
        await chassis.log.last_seq("NOWHERE")


async def test_the_next_of_several_kinds_is_found_only_within_its_bounds(chassis: Chassis) -> None:
    other = MessageSkipped(channel_id="1", source_ref="tg:1:post:9", reason="empty")
    await chassis.facts.tell_all([post(1), other, post(2)])
    both = [subjects.fact_filter(MessageIngested), subjects.fact_filter(MessageSkipped)]
    assert await chassis.log.next_seq(subjects.FACTS, both, from_seq=2, up_to=2) == 2
    assert await chassis.log.next_seq(subjects.FACTS, both[:1], from_seq=2, up_to=2) is None
    assert await chassis.log.next_seq(subjects.FACTS, both, from_seq=4, up_to=9) is None
