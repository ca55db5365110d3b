from __future__ import annotations

import asyncio
import json
import random
import signal
from pathlib import Path

import pytest
from independent_fold import fold
from system import SAMPLE, Fact, OneProcess, attempts, look_inside

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


def write_export(path: Path, posts: int) -> None:
    messages = [
        {
            "id": number, "type": "message", "date": "2026-01-01T00:00:00", "date_unixtime": str(1_767_225_600 + number * 60),
            "from": "Kill", "from_id": "channel1700000009", "text": f"Пост {number} о реке и мосте, часть {number % 17}.",
            "text_entities": [{"type": "plain", "text": f"Пост {number} о реке и мосте, часть {number % 17}."}],
        }
        for number in range(1, posts + 1)
    ]  # fmt: skip
    path.write_text(
        json.dumps({"name": "Kill", "type": "public_channel", "id": 1_700_000_009, "messages": messages}), "utf-8"
    )


async def test_a_run_killed_three_times_gives_every_message_exactly_one_outcome(
    one_process: OneProcess, tmp_path: Path
) -> None:
    export = tmp_path / "result.json"
    write_export(export, 3000)
    one_process.arguments = ("--provider", "instant")
    moments = random.Random(22)
    kills = 0
    for _ in range(3):
        process = await one_process.start(export)
        try:
            await asyncio.wait_for(process.wait(), moments.uniform(1.5, 5.0))
        except TimeoutError:
            process.kill()
            kills += 1
        await process.communicate()
    outcome = await one_process.run(export)
    assert outcome.code == 0, outcome.stderr
    assert kills >= 1
    inside = await look_inside(one_process.data)
    folded = fold(inside.facts)
    assert len(folded.messages) == 3000
    assert_one_outcome_each(inside.facts)
    completed = [event for event in inside.workflow_events if event.type == "tg.workflow.processcompleted.v1"]
    assert [event.data["expected"] for event in completed] == [3000]
    assert [event.data["done"] for event in completed] == [3000]
    assert inside.jobs_left == 0
    assert outcome.summary["processed"] == 3000


def assert_one_outcome_each(facts: list[Fact]) -> None:
    """A crash between telling and acknowledging may tell the same outcome again, under the same id; never another."""
    ids: dict[str, set[str]] = {}
    for fact in facts:
        if fact.type in {"tg.message.processed.v1", "tg.message.skipped.v1", "tg.message.failed.v1"}:
            ids.setdefault(fact.data["source_ref"], set()).add(fact.id)
    assert len(ids) == 3000
    assert {len(found) for found in ids.values()} == {1}


async def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(one_process: OneProcess, tmp_path: Path) -> None:
    export = tmp_path / "result.json"
    write_export(export, 3000)
    one_process.arguments = ("--provider", "instant")
    process = await one_process.start(export)
    async for _ in attempts():
        if (one_process.data / "postgres" / "cluster" / "PG_VERSION").exists():
            break
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 3.0)
    process.send_signal(signal.SIGINT)
    _, stderr = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert "goes on where it stopped" in stderr.decode()
    assert "Traceback" not in stderr.decode()
    before = await look_inside(one_process.data)
    outcome = await one_process.run(export)
    after = await look_inside(one_process.data)
    assert outcome.code == 0, outcome.stderr
    assert [fact.id for fact in after.facts[: len(before.facts)]] == [fact.id for fact in before.facts]
    assert len(fold(after.facts).messages) == 3000
    assert_one_outcome_each(after.facts)


async def test_sample_is_resumed_after_a_kill_without_paying_twice(one_process: OneProcess) -> None:
    process = await one_process.start(SAMPLE)
    try:
        await asyncio.wait_for(process.wait(), 2.5)
    except TimeoutError:
        process.kill()
    await process.communicate()
    outcome = await one_process.run(SAMPLE)
    inside = await look_inside(one_process.data)
    assert outcome.code == 0, outcome.stderr
    assert inside.answers <= outcome.summary["processed"]
