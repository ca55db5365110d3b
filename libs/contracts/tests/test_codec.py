from __future__ import annotations

import json

import pytest

from tg_parser.contracts import subjects
from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType, decode, decode_body, encode, wire_types
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.envelope import MalformedEnvelope
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.model import REGISTRY, Fact, Job, Message, WorkflowEvent
from tg_parser.contracts.upcasts import UPCASTERS


def concrete(kind: type[Message]) -> set[type[Message]]:
    """Every class below `kind` that goes over the wire."""
    below = {child for child in kind.__subclasses__() if child.__module__.startswith("tg_parser.contracts")}
    return {child for child in below if "TYPE" in child.__dict__}.union(*(concrete(child) for child in below))


def test_every_message_is_registered_under_its_wire_type() -> None:
    assert concrete(Message) == set(REGISTRY.values())
    assert all(REGISTRY[model.wire_type()] is model for model in concrete(Message))


def test_every_message_is_a_fact_a_job_or_a_workflow_event() -> None:
    assert concrete(Fact) | concrete(Job) | concrete(WorkflowEvent) == set(REGISTRY.values())


def test_every_message_says_what_it_is_for() -> None:
    assert all(model.__doc__ and model.__doc__ != Message.__doc__ for model in REGISTRY.values())


def test_every_message_is_frozen_and_tolerates_fields_it_does_not_know() -> None:
    for model in REGISTRY.values():
        assert model.model_config.get("frozen")
        assert model.model_config.get("extra") == "ignore"


def test_every_type_has_the_form_that_subjects_are_made_of() -> None:
    for model in concrete(Fact):
        assert len(model.TYPE.split(".")) == 3, model.TYPE
        assert subjects.fact_filter(model) == f"tg.evt.{model.TYPE.removeprefix('tg.')}.*.*"  # type: ignore[arg-type]


def test_every_older_version_leads_to_one_that_is_read() -> None:
    for older, (newer, _) in UPCASTERS.items():
        assert older not in REGISTRY
        assert newer in REGISTRY or newer in UPCASTERS
    assert set(wire_types()) == {*REGISTRY, *UPCASTERS}


def test_two_messages_cannot_claim_one_wire_type() -> None:
    with pytest.raises(TypeError, match=r"tg\.message\.skipped\.v1 is claimed by both"):
        type("Impostor", (Fact,), {"TYPE": MessageSkipped.TYPE, "__module__": __name__})


def test_what_is_none_is_not_sent() -> None:
    fact = MessageSkipped(channel_id="1", source_ref="tg:1:post:1", reason="empty")
    assert json.loads(encode(fact)) == {
        "channel_id": "1",
        "source_ref": "tg:1:post:1",
        "revision": 0,
        "reason": "empty",
        "pipeline_key": "",
        "content_hash": "",
    }


def test_a_field_of_a_newer_writer_is_ignored() -> None:
    body = b'{"channel_id": "1", "source_ref": "tg:1:post:1", "reason": "empty", "novelty": {"a": 1}}'
    assert decode_body("tg.message.skipped.v1", body) == MessageSkipped(
        channel_id="1", source_ref="tg:1:post:1", reason="empty"
    )


@pytest.mark.parametrize("wire_type", ["", "tg.message.skipped.v2", "tg.message.skipped", "com.other.v1"])
def test_a_type_nobody_knows_is_named(wire_type: str) -> None:
    with pytest.raises(UnknownMessageType, match="is not a type this version knows"):
        decode_body(wire_type, b"{}")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "the body"),
        (b"\xff", "the body"),
        (b"[]", "the body"),
        (b"{}", "channel_id"),
        (b'{"channel_id": "1", "source_ref": "x", "reason": "bored"}', "reason"),
    ],
)
def test_a_body_that_breaks_its_promise_is_malformed_and_says_where(body: bytes, where: str) -> None:
    with pytest.raises(MalformedMessage, match=rf"tg\.message\.skipped\.v1: {where}: "):
        decode_body("tg.message.skipped.v1", body)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"id": "x", "channel_id": 1, "message_type": "post", "date": 5, "text": ""}'],
)
def test_an_old_body_that_cannot_be_read_as_a_newer_one_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"tg\.message\.ingested\.v1: it cannot be read as a newer version"):
        decode_body("tg.message.ingested.v1", body)


def test_a_naive_date_is_refused() -> None:
    body = b'{"message": {"channel_id": "1", "message_id": 1, "date": "2026-01-01T00:00:00"}, "content_hash": "",'
    with pytest.raises(MalformedMessage, match=r"message\.date"):
        decode_body(MessageIngested.wire_type(), body + b'"source_kind": "td_json"}')


def test_a_body_without_an_envelope_is_not_decoded() -> None:
    with pytest.raises(MalformedEnvelope):
        decode({}, b"{}")
