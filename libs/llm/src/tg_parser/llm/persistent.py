"""A model that does not give up at once: it carries out what `retry_policy` decides."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tg_parser.llm.errors import InvalidOutputError, ModelError, ModelUnavailableError, Spent, ThrottledError
from tg_parser.llm.port import LanguageModel, Repair, StructuredRequest, StructuredResult, Usage
from tg_parser.llm.retry_policy import Effort, RetryRules, after, next_step, wait_before

LATER = 30.0  # seconds; when a throttled question that nobody had the patience for may be asked again


class PersistentModel:
    """`inner`, asked again where that helps. What all attempts together used is told with the answer.

    Args:
        inner: makes one attempt per call.
        rules: how much is tried.
        clock: monotonic seconds.
        sleep: waits so many seconds.
        chance: numbers in [0, 1).
    """

    def __init__(
        self,
        inner: LanguageModel,
        rules: RetryRules,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._rules = rules
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`, but for the promise of one attempt.

        Raises:
            ModelUnavailableError: the provider throttled for longer than there is patience.
        """
        began, effort, wasted = self._clock(), Effort(), Spent(cost_micros=0)
        while True:
            try:
                return with_wasted(await self._inner.complete(request), wasted)
            except ModelError as error:
                effort = replace(effort, waited_s=self._clock() - began)
                request = await self._changed(request, error, effort)
                effort, wasted = after(error, effort), together(wasted, error.spent)

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()

    async def _changed(self, request: StructuredRequest, error: ModelError, effort: Effort) -> StructuredRequest:
        """The request to send next. Raises `error` if there is none."""
        match next_step(error, effort, request.max_output_tokens, self._rules):
            case "again":
                await self._sleep(wait_before(error, effort, self._rules, self._chance()))
                return request
            case "repair" if isinstance(error, InvalidOutputError):
                return replace(request, repair=Repair(error.answer, error.problem)) if error.answer else request
            case "grow":
                return replace(request, max_output_tokens=2 * request.max_output_tokens)
            case _:
                if isinstance(error, ThrottledError):
                    raise ModelUnavailableError(str(error), retry_after=error.retry_after or LATER) from error
                raise error


def together(first: Spent, second: Spent | None) -> Spent:
    """What two calls used; a cost that is not known makes the sum unknown."""
    if second is None:
        return first
    known = first.cost_micros is not None and second.cost_micros is not None
    cost = (first.cost_micros or 0) + (second.cost_micros or 0) if known else None
    return Spent(added(first.usage, second.usage), cost)


def added(first: Usage, second: Usage) -> Usage:
    """The sum, kind by kind."""
    return Usage(**{name: getattr(first, name) + getattr(second, name) for name in Usage.model_fields})


def with_wasted(result: StructuredResult, wasted: Spent) -> StructuredResult:
    """`result` with what the attempts before it used."""
    if not wasted.usage.total and wasted.cost_micros == 0:
        return result
    spent = together(wasted, Spent(result.usage, result.cost_micros))
    return result.model_copy(update={"usage": spent.usage, "cost_micros": spent.cost_micros})
