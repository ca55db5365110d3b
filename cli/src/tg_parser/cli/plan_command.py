"""`tg-parser run --dry-run`: what would be processed and about what it would cost, without asking any model."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen
from tg_parser.ingestor.ports import SourceRefused, Start
from tg_parser.llm.accounted import estimated_usage
from tg_parser.llm.cache_key import cache_key
from tg_parser.llm.model_settings import AT_HOME, ModelSettings
from tg_parser.llm.packing import fits, packed
from tg_parser.llm.port import StructuredRequest, Usage
from tg_parser.llm.prices import read_prices
from tg_parser.processor.asking import Questions
from tg_parser.processor.domain import skip_reason
from tg_parser.processor.prompt import open_prompts
from tg_parser.processor.settings import LlmSettings

PAGE = 500
URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
}
"""By which the list of prices knows the providers."""


@dataclass(frozen=True, slots=True)
class Named:
    """A model that is not asked."""

    provider: str
    model: str


async def planned(file: Path, model: ModelSettings, llm: LlmSettings) -> dict[str, Any]:
    """What a run over `file` would do. Raises CommandFailed if the export cannot be read."""
    named = Named(model.provider, model.model or "")
    questions = Questions(open_prompts(llm.prompts), llm.max_output_tokens, llm.temperature, llm.params)
    skipped: Counter[str] = Counter()
    asked: dict[str, StructuredRequest] = {}
    messages = repeated = 0
    async for job in _jobs(file):
        messages += 1
        reason = skip_reason(job, "")
        if reason and reason != "unchanged":
            skipped[reason] += 1
            continue
        request = questions.about(job, named).request
        key = cache_key(request, named)
        repeated += key in asked
        asked.setdefault(key, request)
    return {
        "messages": messages,
        "skipped": dict(skipped),
        "repeated": repeated,
        "to_process": len(asked),
        "provider": model.provider,
        "model": model.model or "",
        **_estimate(list(asked.values()), model),
    }


async def _jobs(file: Path) -> AsyncIterator[ProcessMessage]:
    spec = SourceSpec(kind="td_json", location=str(file))
    titles: dict[str, str] = {}

    async def nothing(channel_id: str) -> Sequence[tuple[int, int]]:
        del channel_id
        return ()

    pages = DesktopExports((file.parent,)).pages(spec, Start(nothing), page_size=PAGE)
    try:
        async with aclosing(pages):
            async for page in pages:
                for item in page.items:
                    if isinstance(item, ChannelSeen):
                        titles[item.channel_id] = item.title
                    elif isinstance(item, MessageSeen):
                        yield _job(item, titles)
    except SourceRefused as refused:
        raise CommandFailed(str(refused), ExitCode.USAGE) from refused


def _job(seen: MessageSeen, titles: dict[str, str]) -> ProcessMessage:
    title = titles.get(seen.message.channel_id, "")
    return ProcessMessage(workflow_id="plan", message=seen.message, content_hash=seen.content_hash, channel_title=title)


def _estimate(asked: list[StructuredRequest], model: ModelSettings) -> dict[str, Any]:
    """Calls, tokens and money, as far as they can be known beforehand."""
    if model.provider in AT_HOME:
        return {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}
    together = [request for request in asked if model.posts_per_request > 1 and fits(request)]
    alone = [request for request in asked if not (model.posts_per_request > 1 and fits(request))]
    packs = [packed(group, model.most_output_tokens) for group in _groups(together, model.posts_per_request)]
    usages = [estimated_usage(request) for request in (*packs, *alone)]
    usage = Usage(
        input_uncached=sum(each.input_uncached for each in usages), output=sum(each.output for each in usages)
    )
    url = model.base_url or URLS.get(model.provider, "")
    cost = read_prices(model.prices).cost_micros(usage, model.model or "", url)
    return {
        "calls": len(usages),
        "input_tokens": usage.input_uncached,
        "output_tokens": usage.output,
        "cost_usd": None if cost is None else round(cost / 1_000_000, 4),
    }


def _groups(requests: list[StructuredRequest], most: int) -> list[tuple[StructuredRequest, ...]]:
    """As they would travel: by prompt and channel, so many at a time."""
    companies: dict[Any, list[StructuredRequest]] = {}
    for request in requests:
        companies.setdefault((request.prompt.id, request.account.channel_id), []).append(request)
    return [tuple(company[at : at + most]) for company in companies.values() for at in range(0, len(company), most)]


def show(console: Console, plan: dict[str, Any]) -> None:
    """Print the plan."""
    cost = plan["cost_usd"]
    skipped = sum(plan["skipped"].values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(plan["skipped"].items()))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("messages", f"{plan['messages']:,}")
    table.add_row("skipped", f"{skipped:,}" + (f"  ({reasons})" if reasons else ""))
    table.add_row("same words again", f"{plan['repeated']:,}")
    table.add_row("to process", f"{plan['to_process']:,}  by {plan['model'] or plan['provider']}")
    table.add_row("calls", f"about {plan['calls']:,}")
    table.add_row("tokens", f"about {plan['input_tokens']:,} in, {plan['output_tokens']:,} out")
    table.add_row("cost", "not known: no price for this model" if cost is None else f"about ${cost:,.4f}")
    console.print(table, highlight=False)
    console.print("At the most: what was processed before with the same model and prompt is free.", highlight=False)
