"""The figures of asking models: how well calls are kept under way, what packs save, and what throttling costs.

Everything is the product's own: adapter, limiter, breaker, retries, packs, accounts, cache. Only the provider is a stand-in
on a loopback port, with a latency of its own and, where it throttles, a limit of its own. It runs in a process of its own,
so that its CPU is not counted as ours.

    ./taskw bench:llm
    ./taskw bench:llm -- --messages 500 --skip throttled --skip patient
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from model_provider import Behaviour, provider
from processes import commit

from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import TelegramMessage
from tg_parser.llm.accounts import Accounts, CallRecord
from tg_parser.llm.catalogue import open_model
from tg_parser.llm.errors import ModelError
from tg_parser.llm.memory_cache import MemoryAnswerCache
from tg_parser.llm.model_settings import ModelSettings
from tg_parser.llm.port import LanguageModel, StructuredRequest
from tg_parser.llm.spending import Amount, Budgets
from tg_parser.processor.asking import Questions
from tg_parser.processor.prompt import open_prompts

TARGETS = {
    "share_of_possible": "at least 0.80, or CPU-bound",
    "tokens_packed_to_single": "at most 0.60",
    "wasted_after_first_window": "under 0.05",
    "messages_lost": "0",
}
SAMPLE = Path(__file__).parents[2] / "samples" / "telegram-export" / "result.json"
PROMPT_TOKENS = 900


class Calls:
    """The ledger of one measurement, in memory."""

    def __init__(self) -> None:
        self.records: list[tuple[float, CallRecord]] = []

    async def spent(self, scopes: Any) -> dict[str, Amount]:
        """Nothing is limited here."""
        del scopes
        return {}

    async def record(self, call: CallRecord, scopes: Any) -> dict[str, Amount]:
        """Keep the call and when it ended."""
        del scopes
        self.records.append((time.perf_counter(), call))
        return {}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run over all messages."""

    seconds: float
    cpu_s: float
    answered: int
    lost: int
    calls: int
    tokens: int
    wasted_later: float


@asynccontextmanager
async def model_of(url: str, calls: Calls, concurrency: int, pack: int) -> AsyncGenerator[LanguageModel]:
    """The whole stack of wrappers over one OpenAI-compatible server."""
    settings = ModelSettings(
        provider="openai",
        model="bench",
        base_url=url,
        api_key=SecretStr("bench"),
        max_concurrency=concurrency,
        pack=pack,
    )
    accounts = Accounts(calls, Budgets(), lambda: datetime.now(UTC))
    async with open_model(settings, MemoryAnswerCache(100_000), accounts) as model:
        yield model


def questions(texts: list[str], model: LanguageModel) -> list[StructuredRequest]:
    """What the processor would ask about messages of these words."""
    asking = Questions(open_prompts(), 2048)
    return [asking.about(job(number, text), model).request for number, text in enumerate(texts, start=1)]


def job(number: int, text: str) -> ProcessMessage:
    """A job about one message."""
    message = TelegramMessage(channel_id="1", message_id=number, date=datetime(2026, 3, 1, tzinfo=UTC), text=text)
    return ProcessMessage(workflow_id="bench", message=message, content_hash=message.content_hash())


async def measured(behaviour: Behaviour, texts: list[str], concurrency: int, pack: int, window: float) -> Measured:
    """Ask about every text at once, as many as fit under way, and count."""
    calls = Calls()
    async with provider(behaviour) as url, model_of(url, calls, concurrency, pack) as model:
        asked = questions(texts, model)
        await model.complete(asked[0])  # opens the first connection and the SDK's own caches
        calls.records.clear()
        began, cpu = time.perf_counter(), time.process_time()
        answers = await asyncio.gather(*map(model.complete, asked[1:]), return_exceptions=True)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    lost = sum(isinstance(answer, BaseException) for answer in answers)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, ModelError):
            raise answer
    later = [call for at, call in calls.records if at - began > window]
    wasted = sum(call.outcome != "ok" for call in later) / max(1, len(later))
    tokens = sum(call.usage.total for _, call in calls.records)
    return Measured(seconds, cpu_s, len(answers) - lost, lost, len(calls.records), tokens, wasted)


async def throughput(options: argparse.Namespace) -> dict[str, Any]:
    """How much of concurrency/latency is reached, one post a request."""
    behaviour = Behaviour(latency_s=options.latency, spread=0.2)
    found = await measured(behaviour, many(options.messages + 1), options.concurrency, 1, 0)
    possible = options.concurrency / options.latency
    rate = found.answered / found.seconds
    return {
        "calls_per_s": round(rate, 1),
        "possible_per_s": round(possible, 1),
        "share_of_possible": round(rate / possible, 3),
        "cpu_share": round(found.cpu_s / found.seconds, 3),
        "cpu_ms_per_call": round(found.cpu_s / found.answered * 1000, 3),
        "calls_per_s_if_cpu_were_all": round(found.answered / found.cpu_s, 1),
        "messages_lost": found.lost,
    }


async def patient(options: argparse.Namespace) -> dict[str, Any]:
    """The same with a model so slow that CPU is no limit, however busy the machine is."""
    latency = options.latency * 80
    behaviour = Behaviour(latency_s=latency, spread=0.2)
    found = await measured(behaviour, many(8 * options.concurrency + 1), options.concurrency, 1, 0)
    possible = options.concurrency / latency
    rate = found.answered / found.seconds
    return {
        "calls_per_s": round(rate, 2),
        "possible_per_s": round(possible, 2),
        "share_of_possible": round(rate / possible, 3),
        "cpu_share": round(found.cpu_s / found.seconds, 3),
    }


async def packing(options: argparse.Namespace) -> dict[str, Any]:
    """Tokens of the sample, eight posts a request against one."""
    del options
    texts = sample()
    behaviour = Behaviour(latency_s=0.005, prompt_tokens=PROMPT_TOKENS)
    single = await measured(behaviour, texts, 32, 1, 0)
    packed = await measured(behaviour, texts, 32, 8, 0)
    return {
        "posts": len(texts),
        "tokens_single": single.tokens,
        "tokens_packed": packed.tokens,
        "tokens_packed_to_single": round(packed.tokens / single.tokens, 3),
        "calls_single": single.calls,
        "calls_packed": packed.calls,
        "messages_lost": single.lost + packed.lost,
    }


async def throttled(options: argparse.Namespace) -> dict[str, Any]:
    """A provider that turns away three of ten calls at our usual pace, with Retry-After. Slow, so that CPU is no limit."""
    latency = options.latency * 40
    usual = options.concurrency / latency
    behaviour = Behaviour(latency_s=latency, spread=0.2, per_window=int(0.7 * usual), window_s=1.0)
    found = await measured(behaviour, many(int(25 * usual) + 1), options.concurrency, 1, latency + behaviour.window_s)
    return {
        "usual_per_s": round(usual, 1),
        "allowed_per_s": behaviour.per_window,
        "answered_per_s": round(found.answered / found.seconds, 1),
        "answered": found.answered,
        "calls": found.calls,
        "wasted_after_first_window": round(found.wasted_later, 4),
        "messages_lost": found.lost,
    }


def many(number: int) -> list[str]:
    """Different short posts."""
    chance = random.Random(7)
    words = [
        "мост",
        "ремонт",
        "дорога",
        "школа",
        "открытие",
        "центр",
        "река",
        "автобус",
        "билет",
        "цена",
        "проезд",
        "новый",
        "район",
        "парк",
    ]
    return [f"Новость {n}: {' '.join(chance.choices(words, k=18))}." for n in range(number)]


def sample() -> list[str]:
    """The texts of the sample export, each once."""
    chats = json.loads(SAMPLE.read_text("utf-8"))["chats"]["list"]
    found = (_text(message.get("text")) for chat in chats for message in chat["messages"])
    return list(dict.fromkeys(text for text in found if text.strip()))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in value or [])


PARTS = {"throughput": throughput, "patient": patient, "packing": packing, "throttled": throttled}


def report(console: Console, figures: dict[str, Any]) -> None:
    """The table."""
    table = Table(title=f"Asking models at {figures['commit']}, {os.cpu_count()} cores")
    for heading in ("part", "figure", "measured", "target"):
        table.add_column(heading)
    for part in PARTS:
        for name, value in figures.get(part, {}).items():
            table.add_row(part, name, f"{value:,}", TARGETS.get(name, ""))
    console.print(table)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--skip", action="append", default=[], choices=list(PARTS))
    parser.add_argument("--output", type=Path, default=Path("bench-results/llm.json"))
    options = parser.parse_args()
    figures: dict[str, Any] = {"commit": commit(), "at": datetime.now(UTC).isoformat()}
    for name, part in PARTS.items():
        if name not in options.skip:
            figures[name] = uvloop.run(part(options))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=1))
    report(Console(width=120), figures)


if __name__ == "__main__":
    main()
