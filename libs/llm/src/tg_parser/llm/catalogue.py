"""Every model there is, by its settings: the one place that builds providers and puts the wrappers around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tg_parser.chassis.worker_processes import worker_pool
from tg_parser.llm.cached import AnswerCache, CachedModel
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.limited import LimitedModel
from tg_parser.llm.metered import MeteredModel
from tg_parser.llm.port import LanguageModel
from tg_parser.llm.providers.local.model import LocalModel, warm_up
from tg_parser.llm.providers.messages import Structured
from tg_parser.llm.traced import TracedModel

Provider = Literal["local", "openai", "instant"]


class ModelSettings(BaseModel):
    """Which model to ask and how. A service's settings embed this.

    Attributes:
        provider: `local` needs no key and no network; `openai` is any OpenAI-compatible server; `instant` is for
            benchmarks and tests.
        model: the model's name at its provider; required for `openai`, and known for the others.
        base_url: of an OpenAI-compatible server, up to and including its version; None is OpenAI itself.
        api_key: required for OpenAI itself; servers of one's own may need none.
        timeout_s: for one call, in seconds. A minute is twice what slow models take for a post.
        max_concurrency: calls in progress at once; the others wait.
        structured: how an OpenAI-compatible server is told the answer's shape: by a strict schema, by JSON mode, or,
            where it knows neither, in words.
        workers: processes of the local model, each of about 160 MB. One does some 500 posts a second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Provider = "local"
    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=60.0, gt=0)
    max_concurrency: int = Field(default=8, ge=1)
    structured: Structured = "schema"
    workers: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.provider != "openai":
            return self
        if not self.model:
            raise ValueError("The provider 'openai' needs the name of a model.")
        if not self.api_key and not self.base_url:
            raise ValueError("The provider 'openai' needs an api_key, unless base_url names a server of your own.")
        return self


@asynccontextmanager
async def open_model(settings: ModelSettings, cache: AnswerCache | None = None) -> AsyncGenerator[LanguageModel]:
    """The model that `settings` describe, limited, cached if there is a `cache`, counted and traced; closed at the end.

    Nothing is connected before the first call. The cache stays its owner's.
    """
    async with _PROVIDERS[settings.provider](settings) as provider:
        model: LanguageModel = LimitedModel(provider, settings.max_concurrency)
        if cache is not None:
            model = CachedModel(model, cache)  # outside the limit: an answer from the cache waits for nobody
        model = TracedModel(MeteredModel(model))
        try:
            yield model
        finally:
            await model.aclose()


@asynccontextmanager
async def _local(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    pool = worker_pool(settings.workers, warm_up)
    try:
        yield LocalModel(pool)
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)


@asynccontextmanager
async def _openai(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    from tg_parser.llm.providers.openai_compatible import (  # noqa: PLC0415 - the SDK takes a second to import
        OPENAI_URL,
        OpenAICompatibleModel,
    )

    yield OpenAICompatibleModel(
        model=settings.model or "",
        api_key=settings.api_key.get_secret_value() if settings.api_key else "none",
        base_url=settings.base_url or OPENAI_URL,
        timeout_s=settings.timeout_s,
        structured=settings.structured,
    )


@asynccontextmanager
async def _instant(settings: ModelSettings) -> AsyncGenerator[LanguageModel]:
    yield InstantModel(settings.model) if settings.model else InstantModel()


_PROVIDERS = {"local": _local, "openai": _openai, "instant": _instant}
