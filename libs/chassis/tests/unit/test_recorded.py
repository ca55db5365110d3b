"""A recorded message can be read in part: what is asked for is checked, and nothing else is looked at."""

from __future__ import annotations

import pytest

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType
from tg_parser.contracts.documents import MessageProcessed, MessageSkipped
from tg_parser.contracts.model import Contract


class Name(Contract):
    source_ref: str


def recorded(wire_type: str, body: bytes) -> Recorded:
    return Recorded(7, "tg.evt.v1.x", {"ce-type": wire_type}, body)


def test_a_message_knows_its_kind_whatever_its_version() -> None:
    for version in (1, 12):
        entry = recorded(f"{MessageProcessed.TYPE}.v{version}", b"not read")
        assert entry.holds(MessageProcessed)
        assert not entry.holds(MessageSkipped)


def test_a_part_is_what_was_asked_for() -> None:
    entry = recorded(MessageProcessed.wire_type(), b'{"source_ref": "tg:1:post:2", "document": "not looked at"}')
    assert entry.part(Name) == Name(source_ref="tg:1:post:2")


@pytest.mark.parametrize("body", [b"{}", b'{"source_ref": 1}', b"[]", b"{", b""])
def test_a_body_without_what_is_asked_for_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessage, match="at 7"):
        recorded(MessageProcessed.wire_type(), body).part(Name)


def test_a_type_nobody_knows_has_no_parts() -> None:
    with pytest.raises(UnknownMessageType):
        recorded("tg.message.dreamt.v1", b'{"source_ref": "tg:1:post:2"}').part(Name)
