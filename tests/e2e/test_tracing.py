from __future__ import annotations

from collections import defaultdict

import pytest
from system import SAMPLE, Runner, look_inside

from tg_parser.testkit.otlp import OtlpReceiver, ReceivedSpan

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

WAY = {
    "tg-parser-ingestor",
    "tg-parser-orchestrator",
    "tg-parser-processor",
    "tg-parser-topicizer",
    "tg-parser-exporter",
}


async def test_each_message_is_one_trace_through_all_services(runner: Runner, otlp_receiver: OtlpReceiver) -> None:
    outcome = await runner.run(SAMPLE, OTEL_EXPORTER_OTLP_ENDPOINT=otlp_receiver.endpoint)
    assert outcome.code == 0, outcome.stderr
    traces: dict[str, list[ReceivedSpan]] = defaultdict(list)
    for span in otlp_receiver.spans:
        traces[span.trace_id].append(span)
    inside = await look_inside(runner.data)
    began = {fact.data["message"]["message_id"]: fact for fact in inside.facts if fact.type == "tg.message.ingested.v2"}
    processed = [fact for fact in inside.facts if fact.type == "tg.message.processed.v1"]
    assert len({fact.traceparent.split("-")[1] for fact in processed}) == len(processed) > 300
    assert began
    for fact in processed:
        spans = traces[fact.traceparent.split("-")[1]]
        assert {span.service for span in spans} >= WAY, fact.data["source_ref"]
        assert [span.service for span in spans if span.name.startswith("chat ")] == ["tg-parser-processor"]
        ids = {span.span_id for span in spans}
        roots = [span for span in spans if span.parent_id not in ids]
        assert [root.name for root in roots] == ["send tg.message.ingested.v2"]
    assert not any(
        "Мост" in value or "bridge" in value.lower()
        for span in otlp_receiver.spans
        for value in span.attributes.values()
    ), "no post's text in a span"
