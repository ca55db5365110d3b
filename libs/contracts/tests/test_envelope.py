from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.contracts.envelope import MESSAGE_ID, Envelope, MalformedEnvelope, read_envelope

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
ZONES = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=50)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)

envelopes = st.builds(
    Envelope,
    id=TOKENS,
    type=TOKENS,
    source=TEXTS,
    time=st.datetimes(timezones=ZONES),
    workflow_id=TEXTS,
    generation=st.integers(0, 10**9),
    causation_id=TOKENS | st.just(""),
    traceparent=TOKENS | st.just(""),
)


@given(envelopes)
def test_an_envelope_read_back_is_the_same(envelope: Envelope) -> None:
    assert read_envelope(envelope.headers()) == envelope


@given(envelopes)
def test_headers_are_printable_ascii_on_one_line(envelope: Envelope) -> None:
    for name, value in envelope.headers().items():
        assert name.isascii()
        assert value.isascii()
        assert value.isprintable()
        assert value == value.strip()


def test_the_id_is_also_what_the_server_recognises_a_repetition_by() -> None:
    headers = Envelope(id="a-1", type="tg.drill.v1", source="test", time=NOW).headers()
    assert headers[MESSAGE_ID] == headers["ce-id"] == "a-1"
    assert headers["ce-specversion"] == "1.0"


def test_what_is_empty_is_left_out() -> None:
    headers = Envelope(id="1", type="tg.drill.v1", source="test", time=NOW).headers()
    assert not {"ce-workflowid", "ce-causationid", "traceparent"} & headers.keys()


@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-source", "ce-time"])
def test_a_header_that_is_missing_is_named(name: str) -> None:
    headers = Envelope(id="1", type="tg.drill.v1", source="test", time=NOW).headers()
    del headers[name]
    with pytest.raises(MalformedEnvelope, match=f"The header {name} is missing"):
        read_envelope(headers)


@pytest.mark.parametrize(("name", "value"), [("ce-time", "yesterday"), ("ce-generation", "second")])
def test_a_header_that_is_wrong_is_a_malformed_envelope(name: str, value: str) -> None:
    headers = Envelope(id="1", type="tg.drill.v1", source="test", time=NOW).headers() | {name: value}
    with pytest.raises(MalformedEnvelope, match="malformed"):
        read_envelope(headers)


@pytest.mark.parametrize("headers", [None, {}])
def test_a_message_without_headers_is_a_malformed_envelope(headers: dict[str, str] | None) -> None:
    with pytest.raises(MalformedEnvelope, match="ce-id is missing"):
        read_envelope(headers)


def test_what_is_caused_names_its_cause_and_keeps_its_workflow() -> None:
    cause = Envelope(id="1", type="tg.a.v1", source="one", time=NOW, workflow_id="w", generation=2, causation_id="0")
    later = NOW + timedelta(seconds=1)
    assert cause.caused("2", "tg.b.v1", source="other", time=later) == Envelope(
        id="2", type="tg.b.v1", source="other", time=later, workflow_id="w", generation=2, causation_id="1"
    )
