from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg

from tg_parser.chassis.deadletters import DETAIL_LENGTH, one_line
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.lease import LONGEST_DELAY, SHORTEST_DELAY, Lease
from tg_parser.chassis.recorded import Delivery, Recorded, delivery, recorded
from tg_parser.contracts.envelope import MalformedEnvelope


def message(reply: str, **headers: str) -> Msg:
    return Msg(_client=cast(Client, None), subject="tg.job.process.v1.bulk.w1", reply=reply, data=b"x", headers=headers)


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.TG_JOB.process.2.17.5.1795458465790393986.3",
        "$JS.ACK._.hash.TG_JOB.process.2.17.5.1795458465790393986.3",
        "$JS.ACK.hub.hash.TG_JOB.process.2.17.5.1795458465790393986.3.token",
    ],
    ids=["before 2.15", "with a domain", "with a domain and a token"],
)
def test_a_delivery_says_the_same_in_every_format(reply: str) -> None:
    assert delivery(message(reply)) == Delivery(delivered=2, stream_seq=17, consumer_seq=5, pending=3)
    assert recorded(message(reply)).seq == 17


def test_a_message_without_headers_has_no_type_and_belongs_to_no_workflow() -> None:
    entry = Recorded(1, "s", {}, b"")
    assert (entry.type, entry.workflow_id, entry.generation) == ("", "", 0)


@pytest.mark.parametrize("told", ["", "-1", "second", "1.5"])
def test_a_generation_that_is_no_number_is_a_malformed_envelope(told: str) -> None:
    with pytest.raises(MalformedEnvelope, match="ce-generation"):
        _ = Recorded(1, "s", {"ce-generation": told}, b"").generation


@given(st.text())
def test_one_line_is_always_fit_for_a_header(text: str) -> None:
    line = one_line(text)
    assert line.isascii()
    assert not set(line) & {"\r", "\n"}
    assert len(line) <= DETAIL_LENGTH


def test_one_line_keeps_what_is_plain() -> None:
    assert one_line("Refused:\n429") == "Refused: 429"


def lease(delivered: int) -> Lease:
    nobody = cast(Any, None)
    return Lease("process", message(f"$JS.ACK.TG_JOB.process.{delivered}.1.1.1.0"), nobody, nobody)


def test_the_delay_is_what_the_error_asks_for_and_never_nothing() -> None:
    assert lease(1).delay(TransientError("busy", retry_in=7)) == 7
    assert lease(1).delay(TransientError("busy", retry_in=-1)) == SHORTEST_DELAY


def test_the_delay_of_an_unexplained_failure_doubles_up_to_a_bound() -> None:
    assert [lease(attempt).delay(KeyError()) for attempt in (1, 2, 3, 30)] == [1, 2, 4, LONGEST_DELAY]


def test_a_job_is_given_up_at_once_or_at_its_last_attempt() -> None:
    assert lease(1).given_up(PermanentError("no"))
    assert not lease(4).given_up(TransientError("busy"))
    assert lease(5).given_up(TransientError("busy"))


def test_an_error_without_a_message_is_named_by_its_class() -> None:
    assert lease(2).reason(KeyError()).detail == "KeyError"
