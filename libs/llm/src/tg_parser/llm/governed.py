"""A model that is asked no faster than its provider bears, and not at all while it is down."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from tg_parser.llm.breaker import CircuitBreaker
from tg_parser.llm.errors import ModelError
from tg_parser.llm.limiter import CallLimiter
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult, model_asked

ATTEMPTS = Counter(
    "tg_llm_attempts_total",
    "Calls that reached a provider, by outcome: `ok` or the class of the error. Repetitions count each.",
    ["provider", "model", "outcome"],
)
LIMIT = Gauge("tg_llm_concurrency_limit", "Calls a model may be asked at once now.", ["provider", "model"])
FROZEN = Gauge(
    "tg_llm_frozen_seconds", "How long calls last had to wait at a provider's request.", ["provider", "model"]
)
OPEN = Gauge("tg_llm_breaker_open", "1 while a model is left alone because it fails.", ["provider", "model"])


class GovernedModel:
    """`inner` behind a limiter and a breaker that belong to its provider, key and name."""

    def __init__(self, inner: LanguageModel, limiter: CallLimiter, breaker: CircuitBreaker) -> None:
        self._inner = inner
        self._limiter = limiter
        self._breaker = breaker

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` when it is its turn; see `LanguageModel.complete`.

        Raises:
            ModelUnavailableError: it would not be its turn for long, or the model is left alone.
        """
        self._breaker.check()
        labels = (self.provider, model_asked(request, self))
        async with self._limiter.place(request.account.workflow_id) as place:
            try:
                with self._breaker.attempt():
                    result = await self._inner.complete(request)
            except ModelError as error:
                self._limiter.throttled(place, error)
                self._count(labels, type(error).__name__)
                raise
            self._limiter.answered(place)
            self._count(labels, "ok")
            return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()

    def _count(self, labels: tuple[str, str], outcome: str) -> None:
        ATTEMPTS.labels(*labels, outcome).inc()
        LIMIT.labels(*labels).set(self._limiter.limit)
        FROZEN.labels(*labels).set(self._limiter.frozen_s)
        OPEN.labels(*labels).set(self._breaker.is_open)
