"""A model that does what a test tells it, and a clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tg_parser.llm.errors import ModelError
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage

Act = ModelError | StructuredResult | None


class ScriptedModel(InstantModel):
    """Answers at once, or with what `script` gives for the request and its number, from 0."""

    def __init__(self, script: Callable[[StructuredRequest, int], Act], model: str = "scripted") -> None:
        super().__init__(model)
        self.script = script
        self.requests: list[StructuredRequest] = []

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        self.requests.append(request)
        await asyncio.sleep(0)
        act = self.script(request, len(self.requests) - 1)
        if isinstance(act, ModelError):
            raise act
        return act or await super().complete(request)


def in_order(*acts: Act) -> Callable[[StructuredRequest, int], Act]:
    """These things in order, then plain answers."""
    return lambda _, number: acts[number] if number < len(acts) else None


def paid(result: StructuredResult, tokens: int = 10, cost: int | None = 7) -> StructuredResult:
    """`result` with a bill."""
    return result.model_copy(update={"usage": Usage(input_uncached=tokens), "cost_micros": cost})


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def always(act: Act) -> Callable[[StructuredRequest, int], Act]:
    """The same every time."""
    return lambda _request, _number: act
