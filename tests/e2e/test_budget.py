"""Budgets, from the command line to the provider and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from system import SAMPLE, OneProcess, look_inside

from tg_parser.testkit.openai_server import FakeOpenAI, fake_openai

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


def environment(openai: FakeOpenAI, folder: Path) -> dict[str, str]:
    prices = folder / "prices.json"
    prices.write_text(json.dumps({"stand-in": {"input": 1, "output": 10}}))
    return {
        "TG_LLM__BASE_URL": openai.base_url,
        "TG_LLM__PROVIDER": "openai",
        "TG_LLM__MODEL": "stand-in",
        "TG_LLM__PACK": "8",
        "TG_LLM__PRICES": str(prices),
    }


async def test_a_run_stops_at_its_budget_says_so_and_goes_on_with_a_larger_one(one_process: OneProcess) -> None:
    async with fake_openai() as openai:
        settings = environment(openai, one_process.folder)
        one_process.arguments = ("--max-messages", "40")
        stopped = await one_process.run(SAMPLE, **settings)
        sent = len(openai.requests)
        one_process.arguments = ("--max-messages", "10000")
        done = await one_process.run(SAMPLE, **settings)
        inside = await look_inside(one_process.data)
    assert stopped.code == 3, stopped.stderr
    assert "budget of 40 messages" in stopped.stderr
    assert stopped.summary["state"] == "paused"
    assert 0 < sent <= 40
    assert done.code == 0, done.stderr
    assert done.summary["state"] == "completed"
    assert done.summary["failed"] == 0
    told = [fact for fact in inside.facts if fact.type == "tg.message.processed.v1"]
    assert len({fact.data["source_ref"] for fact in told}) == len(told) == done.summary["processed"]
    assert done.summary["cost_usd"] > 0


async def test_force_asks_again_and_the_next_plain_run_does_not(one_process: OneProcess) -> None:
    async with fake_openai() as openai:
        settings = environment(openai, one_process.folder)
        await one_process.run(SAMPLE, **settings)
        first = len(openai.requests)
        one_process.arguments = ("--retry-failed",)
        await one_process.run(SAMPLE, **settings)
        retried = len(openai.requests)
        one_process.arguments = ("--force", "--concurrency", "32")
        forced = await one_process.run(SAMPLE, **settings)
    assert first > 30
    assert retried == first  # nothing had failed
    assert forced.code == 0, forced.stderr
    assert len(openai.requests) >= 2 * first - 10
