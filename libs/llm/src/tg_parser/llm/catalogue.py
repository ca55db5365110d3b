"""Every model there is, by its settings: the one place that builds providers and puts the wrappers around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from opentelemetry.trace import Tracer

from tg_parser.chassis.worker_processes import worker_pool
from tg_parser.llm.accounted import AccountedModel
from tg_parser.llm.accounts import Accounts
from tg_parser.llm.breaker import CircuitBreaker
from tg_parser.llm.cached import AnswerCache, CachedModel
from tg_parser.llm.checked import CheckedModel
from tg_parser.llm.fallback import FallbackModel
from tg_parser.llm.governed import GovernedModel
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.limited import LimitedModel
from tg_parser.llm.limiter import CallLimiter
from tg_parser.llm.metered import MeteredModel
from tg_parser.llm.model_settings import ModelSettings, Provider
from tg_parser.llm.packed import PackedModel
from tg_parser.llm.persistent import PersistentModel
from tg_parser.llm.port import LanguageModel
from tg_parser.llm.prices import PriceTable, read_prices
from tg_parser.llm.providers.local.model import LocalModel, warm_up
from tg_parser.llm.recording import RecordingModel
from tg_parser.llm.retry_policy import RetryRules
from tg_parser.llm.traced import TracedModel


@dataclass(frozen=True, slots=True)
class Remote:
    """A provider's adapter, and by which address the list of prices knows it."""

    model: LanguageModel
    api_url: str


@asynccontextmanager
async def open_model(
    settings: ModelSettings,
    cache: AnswerCache | None = None,
    accounts: Accounts | None = None,
    tracer: Tracer | None = None,
) -> AsyncGenerator[LanguageModel]:
    """The model that `settings` describe, with every wrapper around it; closed at the end.

    Nothing is connected before the first call. The cache and the accounts stay their owners'. Models on this machine are
    limited, the others governed, accounted for, asked again, packed and helped out by a second model. Without a `tracer` no
    spans are made.

    Raises:
        ValueError: a file that the settings name cannot be used; the message is a sentence.
    """
    async with AsyncExitStack() as stack:
        model = await _inner(settings, accounts, stack)
        if settings.record is not None:
            model = RecordingModel(model, settings.record)
        if cache is not None:
            model = CachedModel(model, cache)  # outside the limit: an answer from the cache waits for nobody
        model = MeteredModel(model)
        if tracer is not None:
            model = TracedModel(model, tracer)
        try:
            yield model
        finally:
            await model.aclose()


async def _inner(settings: ModelSettings, accounts: Accounts | None, stack: AsyncExitStack) -> LanguageModel:
    if settings.provider in _AT_HOME:
        opened = await stack.enter_async_context(_AT_HOME[settings.provider](settings))
        return LimitedModel(opened, settings.max_concurrency)
    model = _asked_well(settings, accounts)
    if settings.posts_per_request > 1:
        model = PackedModel(model, most=settings.posts_per_request, most_output_tokens=settings.most_output_tokens)
    if settings.fallback is not None:
        second = await _inner(settings.fallback.model_copy(update={"pack": 1}), accounts, stack)
        model = FallbackModel(model, second)
    return model


def _asked_well(settings: ModelSettings, accounts: Accounts | None) -> LanguageModel:
    """The provider's adapter behind everything that makes one question of several attempts."""
    prices = read_prices(settings.prices)
    remote = _REMOTE[settings.provider](settings, prices)
    model = remote.model
    if accounts is not None:
        model = AccountedModel(model, accounts, prices, remote.api_url)
    who = f"Model {model.model!r} of {settings.provider}"
    limiter = CallLimiter(who, settings.max_concurrency, patience_s=settings.patience_s)
    governed = GovernedModel(model, limiter, CircuitBreaker(who))
    rules = RetryRules(most_output_tokens=settings.most_output_tokens, patience_s=settings.patience_s)
    return PersistentModel(CheckedModel(governed), rules)


@asynccontextmanager
async def _local(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    pool = worker_pool(settings.workers, warm_up)
    try:
        yield LocalModel(pool)
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)


@asynccontextmanager
async def _instant(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    yield InstantModel(settings.model) if settings.model else InstantModel()


@asynccontextmanager
async def _replay(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    from tg_parser.llm.providers.replay import open_recording  # noqa: PLC0415 - read by those who replay alone

    if settings.replay is None:
        raise ValueError("The provider 'replay' needs the file of a recording.")
    yield await asyncio.to_thread(open_recording, settings.replay)


def _openai(settings: ModelSettings, prices: PriceTable) -> Remote:
    from tg_parser.llm.providers.openai_compatible import (  # noqa: PLC0415 - the SDK takes a second to import
        OPENAI_URL,
        OpenAICompatibleModel,
    )

    url = settings.base_url or OPENAI_URL
    return Remote(
        OpenAICompatibleModel(
            model=settings.model or "",
            api_key=settings.key or "none",
            base_url=url,
            timeout_s=settings.timeout_s,
            structured=settings.structured,
            prices=prices,
        ),
        url,
    )


def _anthropic(settings: ModelSettings, prices: PriceTable) -> Remote:
    from tg_parser.llm.providers.anthropic_messages import (  # noqa: PLC0415 - the SDK takes two seconds to import
        ANTHROPIC_URL,
        AnthropicModel,
    )

    url = settings.base_url or ANTHROPIC_URL
    name, key = settings.model or "", settings.key or "none"
    return Remote(
        AnthropicModel(model=name, api_key=key, base_url=url, timeout_s=settings.timeout_s, prices=prices), url
    )


def _gemini(settings: ModelSettings, prices: PriceTable) -> Remote:
    from tg_parser.llm.providers.gemini import GEMINI_URL, GeminiModel  # noqa: PLC0415 - httpx loads for those who use it

    url = settings.base_url or GEMINI_URL
    name, key = settings.model or "", settings.key or "none"
    return Remote(GeminiModel(model=name, api_key=key, base_url=url, timeout_s=settings.timeout_s, prices=prices), url)


def _ollama(settings: ModelSettings, prices: PriceTable) -> Remote:
    from tg_parser.llm.providers.ollama import OLLAMA_URL, OllamaModel  # noqa: PLC0415 - httpx loads for those who use it

    url = settings.base_url or OLLAMA_URL
    name, key = settings.model or "", settings.key or ""
    return Remote(OllamaModel(model=name, api_key=key, base_url=url, timeout_s=settings.timeout_s, prices=prices), url)


_AT_HOME: dict[Provider, Callable[[ModelSettings], AbstractAsyncContextManager[LanguageModel]]] = {
    "local": _local,
    "instant": _instant,
    "replay": _replay,
}
_REMOTE: dict[Provider, Callable[[ModelSettings, PriceTable], Remote]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
}
