"""Traces: one per message, from the fact that brought it in to the entry it became. Attribute names live here alone.

Each service has a tracer of its own, so that all services in one process still show as themselves. Without an OTLP
endpoint no span is made at all. Names follow OpenTelemetry's messaging conventions; subjects never become names or
labels, because they hold channels and workflows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.settings import TelemetrySettings

SYSTEM: Final = "messaging.system"
OPERATION: Final = "messaging.operation.name"
DESTINATION: Final = "messaging.destination.template"
CONSUMER: Final = "messaging.consumer.group.name"
MESSAGE_ID: Final = "messaging.message.id"
MESSAGE_TYPE: Final = "tg.message_type"
WORKFLOW: Final = "tg.workflow_id"
GENERATION: Final = "tg.generation"
POSITION: Final = "tg.stream_sequence"
ERROR_TYPE: Final = "error.type"

TRACEPARENT: Final = "traceparent"
PROPAGATOR: Final = TraceContextTextMapPropagator()


def inject_traceparent() -> str:
    """The W3C trace context of the current span, or "" outside of any."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return carrier.get(TRACEPARENT, "")


class Telemetry:
    """A service's tracer. Disabled (no endpoint) it makes no spans and costs next to nothing."""

    def __init__(self, service: str, settings: TelemetrySettings, *, instance: str = "") -> None:
        self.enabled = bool(settings.otlp_endpoint)
        self._provider: TracerProvider | None = None
        self._tracer: trace.Tracer = trace.NoOpTracer()
        if self.enabled:
            resource = Resource.create({"service.name": f"tg-parser-{service}", "service.instance.id": instance})
            self._provider = TracerProvider(resource=resource, sampler=ParentBasedTraceIdRatio(settings.sample_ratio))
            exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
            self._tracer = self._provider.get_tracer("tg_parser")

    @property
    def tracer(self) -> trace.Tracer | None:
        """For spans of what a service asks others for, a model for one; None where no traces are wanted."""
        return self._tracer if self.enabled else None

    @contextmanager
    def sending(self, message_type: str, *, new_trace: bool) -> Iterator[str]:
        """The span of one publish; yields the traceparent that must travel with the message."""
        if not self.enabled:
            yield ""
            return
        parent = otel_context.Context() if new_trace else None
        links = [trace.Link(trace.get_current_span().get_span_context())] if new_trace else None
        attributes = {SYSTEM: "nats", OPERATION: "send", MESSAGE_TYPE: message_type}
        with self._tracer.start_as_current_span(
            f"send {message_type}", context=parent, kind=SpanKind.PRODUCER, attributes=attributes, links=links
        ):
            yield inject_traceparent()

    @contextmanager
    def processing(
        self, traceparent: str, *, kind: str, durable: str, workflow_id: str, message_id: str
    ) -> Iterator[Span | None]:
        """The span of one job, child of the span that asked for it."""
        if not self.enabled:
            yield None
            return
        attributes = {
            SYSTEM: "nats",
            OPERATION: "process",
            CONSUMER: durable,
            WORKFLOW: workflow_id,
            MESSAGE_ID: message_id,
        }
        with self._tracer.start_as_current_span(
            f"process {kind}",
            context=_extract(traceparent),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            record_exception=False,  # its text may hold a post's; the log has it, where it is bounded
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                span.set_attribute(ERROR_TYPE, type(error).__name__)
                raise

    def folded(self, projection: str, entry: Recorded) -> None:
        """A short span in the message's own trace: this projection has it. Batches have no span of their own."""
        if not self.enabled or TRACEPARENT not in entry.headers:
            return
        attributes = {
            SYSTEM: "nats",
            OPERATION: "fold",
            CONSUMER: projection,
            MESSAGE_TYPE: entry.type,
            POSITION: entry.seq,
        }
        self._tracer.start_span(
            f"fold {projection}",
            context=_extract(entry.headers[TRACEPARENT]),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
        ).end()

    def close(self) -> None:
        """Send what is left. Blocks up to a few seconds: call it in a thread."""
        if self._provider:
            self._provider.shutdown()


def _extract(traceparent: str) -> otel_context.Context:
    return PROPAGATOR.extract({TRACEPARENT: traceparent}, context=otel_context.Context())


@contextmanager
def continuing(traceparent: str) -> Iterator[None]:
    """Make the span that `traceparent` names the current one: what is published inside belongs to its trace."""
    if not traceparent:
        yield
        return
    token = otel_context.attach(_extract(traceparent))
    try:
        yield
    finally:
        otel_context.detach(token)
