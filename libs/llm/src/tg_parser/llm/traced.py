"""One OpenTelemetry span per model call, without any of the contents."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from tg_parser.llm import span_attributes
from tg_parser.llm.errors import ModelError
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult, model_asked


class TracedModel:
    """`inner`, each call in a client span named `chat <model>`.

    A failure is told by its class alone: a provider's message may quote
    the post.
    """

    def __init__(self, inner: LanguageModel, tracer: trace.Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` inside a span; see `LanguageModel.complete`."""
        model = model_asked(request, self)
        with self._tracer.start_as_current_span(
            f"{span_attributes.OPERATION} {model}",
            kind=SpanKind.CLIENT,
            attributes=span_attributes.of_request(self.provider, model, request),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                result = await self._inner.complete(request)
            except ModelError as error:
                span.set_attribute(span_attributes.ERROR_TYPE, type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise
            span.set_attributes(span_attributes.of_result(result))
            return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()
