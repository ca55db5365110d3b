"""A model that never pays twice for one question: a store of answers before it, equal calls in flight shared."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tg_parser.llm.cache_key import cache_key
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult, Usage


class AnswerCache(Protocol):
    """Answers by the key of their question."""

    async def get(self, key: str) -> StructuredResult | None:
        """The answer stored under `key`, equal to what was put; None if there is none."""
        ...

    async def put(self, key: str, result: StructuredResult, about: str = "") -> None:
        """Store `result` under `key`. When this returns, a crash no longer loses it. `about` names what was asked about.

        The first answer stays: putting another under the same key changes nothing.
        """
        ...


class CachedModel:
    """Answers from `cache` where it can, asks `inner` where it must, and stores what was paid for before telling it.

    Equal questions asked at the same time are one call: the first caller pays, the others get the same answer marked
    `cached`. A caller who gives up does not abort a call others may wait for, nor one already being paid for.
    Errors are never stored.
    """

    def __init__(self, inner: LanguageModel, cache: AnswerCache) -> None:
        self._inner = inner
        self._cache = cache
        self._in_flight: dict[str, asyncio.Task[StructuredResult]] = {}

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`, from the cache or from the inner model; see `LanguageModel.complete`."""
        key = cache_key(request, self._inner)
        running = self._in_flight.get(key)
        if running is not None:
            return as_cached(await asyncio.shield(running))
        return await asyncio.shield(self._start(key, request))

    async def aclose(self) -> None:
        """Abandon what is in flight, then close the inner model."""
        running = tuple(self._in_flight.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._inner.aclose()

    def _start(self, key: str, request: StructuredRequest) -> asyncio.Task[StructuredResult]:
        task = asyncio.create_task(self._answer(key, request), name=f"llm-{key[:12]}")
        self._in_flight[key] = task
        task.add_done_callback(lambda done: self._finished(key, done))
        return task

    def _finished(self, key: str, task: asyncio.Task[StructuredResult]) -> None:
        self._in_flight.pop(key, None)
        if not task.cancelled():
            task.exception()  # every caller may be gone; asking for the error keeps asyncio from reporting it as lost

    async def _answer(self, key: str, request: StructuredRequest) -> StructuredResult:
        stored = await self._cache.get(key)
        if stored is not None:
            return as_cached(stored)
        result = await self._inner.complete(request)
        await self._cache.put(key, result, request.about)
        return result


def as_cached(result: StructuredResult) -> StructuredResult:
    """`result` as it is told to someone who did not pay for it: no cost, no tokens, no time; the model is kept."""
    return result.model_copy(update={"cached": True, "cost_micros": 0, "usage": Usage(), "latency_ms": 0.0})
