"""A receiver of traces: OTLP over HTTP on a free port, so that tests see what really goes over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it arrived. Ids are hexadecimal; `parent_id` is "" for the first of a trace."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, str]
    links: tuple[str, ...]
    events: tuple[dict[str, str], ...]
    status: str


class OtlpReceiver:
    """Collects the spans of every export request."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self._server: asyncio.Server | None = None
        self.endpoint = ""

    async def start(self) -> None:
        """Begin to listen; `endpoint` is set when this returns."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.endpoint = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readline():
                headers = await _headers(reader)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                assert request.startswith(b"POST /v1/traces "), request
                assert headers.get("content-encoding", "identity") == "identity", headers
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
                writer.write(ANSWER)
                await writer.drain()
        finally:
            writer.close()


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    found: dict[str, str] = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found


def _spans(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    return [
        ReceivedSpan(
            service=_plain(resource.resource.attributes).get("service.name", ""),
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            kind=span.kind,
            attributes=_plain(span.attributes),
            links=tuple(link.span_id.hex() for link in span.links),
            events=tuple(_plain(event.attributes) for event in span.events),
            status=span.status.message,
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _plain(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value.string_value or str(pair.value.int_value) for pair in attributes}


@pytest_asyncio.fixture(loop_scope="session")
async def otlp_receiver() -> AsyncIterator[OtlpReceiver]:
    """A receiver that listens."""
    receiver = OtlpReceiver()
    await receiver.start()
    yield receiver
    await receiver.stop()
