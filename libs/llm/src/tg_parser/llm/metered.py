"""Prometheus counts of what models were asked, what they answered and what it cost."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from tg_parser.llm.errors import ModelError
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult, model_asked

REQUESTS = Counter(
    "tg_llm_requests_total",
    "Calls by outcome: `ok`, `cached`, or the class of the error.",
    ["provider", "model", "status"],
)
TOKENS = Counter(
    "tg_llm_tokens_total",
    "Tokens by direction; the directions do not overlap.",
    ["provider", "model", "direction"],
)
DURATION = Histogram(
    "tg_llm_request_duration_seconds",
    "Time a provider took for a call it answered, without waiting for a place and without cached answers.",
    ["provider", "model"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160),
)
COST = Counter(
    "tg_llm_cost_micros_total",
    "Money spent, in millionths of a US dollar, as far as prices are known.",
    ["provider", "model"],
)


class MeteredModel:
    """`inner`, counted. Labels carry the model that was asked for: the configured names, so they stay few."""

    def __init__(self, inner: LanguageModel) -> None:
        self._inner = inner

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` and count the outcome; see `LanguageModel.complete`."""
        labels = (self.provider, model_asked(request, self))
        try:
            result = await self._inner.complete(request)
        except ModelError as error:
            REQUESTS.labels(*labels, type(error).__name__).inc()
            raise
        _count(labels, result)
        return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()


def _count(labels: tuple[str, str], result: StructuredResult) -> None:
    REQUESTS.labels(*labels, "cached" if result.cached else "ok").inc()
    if result.cached:
        return
    DURATION.labels(*labels).observe(result.latency_ms / 1000)
    COST.labels(*labels).inc(result.cost_micros or 0)
    for direction, tokens in result.usage.model_dump().items():
        TOKENS.labels(*labels, direction).inc(tokens)
