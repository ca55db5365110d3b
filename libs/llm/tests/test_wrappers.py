from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from tg_parser.llm.cache_key import cache_key
from tg_parser.llm.cached import CachedModel
from tg_parser.llm.errors import ThrottledError
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.limited import LimitedModel
from tg_parser.llm.memory_cache import MemoryAnswerCache
from tg_parser.llm.metered import MeteredModel
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage
from tg_parser.llm.traced import TracedModel

Ask = Callable[..., StructuredRequest]


class GatedModel(InstantModel):
    """Answers when its gate opens, or fails with the error it was given."""

    def __init__(self, model: str = "gated", error: Exception | None = None) -> None:
        super().__init__(model)
        self.gate = asyncio.Event()
        self.error = error
        self.running = self.most_running = 0
        self.closed = False

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        result = await super().complete(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.error:
            raise self.error
        paid = {
            "cost_micros": 7,
            "latency_ms": 250.0,
            "usage": Usage(input_uncached=10, cache_read=5, output=3, reasoning=2),
        }
        return result.model_copy(update=paid)

    async def aclose(self) -> None:
        self.closed = True


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition belongs to code that signals nothing
            await asyncio.sleep(0)


async def test_a_question_asked_again_is_answered_from_the_cache_for_nothing(ask: Ask) -> None:
    inner = GatedModel()
    inner.gate.set()
    model = CachedModel(inner, MemoryAnswerCache())
    first, again = await model.complete(ask()), await model.complete(ask())
    assert inner.calls == 1
    assert (first.cached, first.cost_micros) == (False, 7)
    assert (again.cached, again.cost_micros, again.usage, again.model) == (True, 0, Usage(), first.model)
    assert again.output == first.output


async def test_the_answer_is_stored_before_it_is_told(ask: Ask) -> None:
    inner, cache = InstantModel(), MemoryAnswerCache()
    result = await CachedModel(inner, cache).complete(ask())
    assert await cache.get(cache_key(ask(), inner)) == result


async def test_equal_questions_at_the_same_time_are_one_call(ask: Ask) -> None:
    inner = GatedModel()
    model = CachedModel(inner, MemoryAnswerCache())
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(model.complete(ask())) for _ in range(5)]
        await until(lambda: inner.running == 1)
        inner.gate.set()
    assert inner.calls == 1
    assert sorted(caller.result().cached for caller in callers) == [False, True, True, True, True]
    assert sum(caller.result().cost_micros or 0 for caller in callers) == 7


async def test_a_caller_who_gives_up_does_not_take_the_answer_from_the_others(ask: Ask) -> None:
    inner, cache = GatedModel(), MemoryAnswerCache()
    model = CachedModel(inner, cache)
    first = asyncio.create_task(model.complete(ask()))
    await until(lambda: inner.running == 1)
    second = asyncio.create_task(model.complete(ask()))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    inner.gate.set()
    assert (await second).cached
    assert first.cancelled()
    assert inner.calls == 1


async def test_an_error_reaches_every_caller_and_is_not_remembered(ask: Ask) -> None:
    inner = GatedModel(error=ThrottledError("Wait a little.", retry_after=2))
    model = CachedModel(inner, MemoryAnswerCache())
    callers = [asyncio.create_task(model.complete(ask())) for _ in range(2)]
    await until(lambda: inner.running == 1)
    inner.gate.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ThrottledError, ThrottledError]
    inner.error = None
    assert not (await model.complete(ask())).cached
    assert inner.calls == 2


async def test_closing_a_cached_model_ends_what_is_in_flight_and_closes_the_inner_one(ask: Ask) -> None:
    inner = GatedModel()
    model = CachedModel(inner, MemoryAnswerCache())
    caller = asyncio.create_task(model.complete(ask()))
    await until(lambda: inner.running == 1)
    await model.aclose()
    await asyncio.wait([caller])
    assert caller.cancelled()
    assert (inner.running, inner.closed) == (0, True)


async def test_the_memory_cache_keeps_the_first_answer_and_hands_out_copies(ask: Ask) -> None:
    cache, answer = MemoryAnswerCache(), await InstantModel().complete(ask())
    await cache.put("k", answer)
    await cache.put("k", answer.model_copy(update={"model": "other"}))
    stored = await cache.get("k")
    assert stored == answer
    assert stored is not None
    stored.output["title"] = "changed"
    assert await cache.get("k") == answer


async def test_the_memory_cache_forgets_the_least_recently_used(ask: Ask) -> None:
    cache, answer = MemoryAnswerCache(max_entries=2), await InstantModel().complete(ask())
    await cache.put("old", answer)
    await cache.put("older", answer)
    await cache.get("old")
    await cache.put("new", answer)
    assert [await cache.get(key) is not None for key in ("old", "older", "new")] == [True, False, True]


async def test_a_limited_model_takes_no_more_calls_than_it_may(ask: Ask) -> None:
    inner = GatedModel()
    model = LimitedModel(inner, max_concurrency=2)
    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(model.complete(ask(f"post {number}")))
        await until(lambda: inner.running == 2)
        inner.gate.set()
    assert (inner.calls, inner.most_running) == (6, 2)


async def test_a_metered_model_counts_calls_tokens_time_and_money(ask: Ask) -> None:
    inner = GatedModel("metered-1")
    inner.gate.set()
    model = MeteredModel(CachedModel(inner, MemoryAnswerCache()))
    await model.complete(ask())
    await model.complete(ask())
    inner.error = ThrottledError("Wait.")
    with pytest.raises(ThrottledError):
        await model.complete(ask("another"))

    labels = {"provider": "instant", "model": "metered-1"}

    def sample(name: str, **more: str) -> float | None:
        return REGISTRY.get_sample_value(name, labels | more)

    statuses = ("ok", "cached", "ThrottledError")
    assert [sample("tg_llm_requests_total", status=status) for status in statuses] == [1, 1, 1]
    directions = ("input_uncached", "cache_read", "cache_write", "output", "reasoning")
    assert [sample("tg_llm_tokens_total", direction=direction) for direction in directions] == [10, 5, 0, 3, 2]
    assert sample("tg_llm_cost_micros_total") == 7
    assert (sample("tg_llm_request_duration_seconds_count"), sample("tg_llm_request_duration_seconds_sum")) == (1, 0.25)


@pytest.fixture
def spans() -> tuple[InMemorySpanExporter, TracerProvider]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, provider


async def test_a_traced_call_is_told_in_genai_words_without_any_contents(
    ask: Ask, spans: tuple[InMemorySpanExporter, TracerProvider]
) -> None:
    exporter, provider = spans
    inner = GatedModel("m-1")
    inner.gate.set()
    await TracedModel(inner, provider.get_tracer("test")).complete(ask("SECRET post", temperature=0.5))
    (span,) = exporter.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert span.name == "chat m-1"
    assert attributes["gen_ai.provider.name"] == "instant"
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.usage.input_tokens"] == 15
    assert attributes["gen_ai.usage.output_tokens"] == 5
    assert attributes["gen_ai.prompt.name"] == "extract-post"
    assert attributes["tg.llm.cost_micros"] == 7
    assert "SECRET" not in span.to_json(indent=None)
    assert "Describe" not in span.to_json(indent=None)


async def test_a_failed_call_is_told_by_its_class_alone(
    ask: Ask, spans: tuple[InMemorySpanExporter, TracerProvider]
) -> None:
    exporter, provider = spans
    inner = GatedModel(error=ThrottledError("The server quoted SECRET post."))
    inner.gate.set()
    with pytest.raises(ThrottledError):
        await TracedModel(inner, provider.get_tracer("test")).complete(ask())
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "ThrottledError"
    assert not span.status.is_ok
    assert "SECRET" not in span.to_json(indent=None)
