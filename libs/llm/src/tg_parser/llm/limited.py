"""A model that takes at most so many calls at once; the others wait their turn."""

from __future__ import annotations

import asyncio

from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult


class LimitedModel:
    """`inner`, with at most `max_concurrency` calls in progress; waiting callers are served in order of arrival."""

    def __init__(self, inner: LanguageModel, max_concurrency: int) -> None:
        self._inner = inner
        self._places = asyncio.Semaphore(max_concurrency)

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` as soon as a place is free; see `LanguageModel.complete`. Waiting has no time-out."""
        async with self._places:
            return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()
