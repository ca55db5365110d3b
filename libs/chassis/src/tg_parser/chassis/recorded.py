"""A message as the log holds it: bytes with a position, decoded only when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nats.aio.msg import Msg

from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.envelope import Envelope, MalformedEnvelope, read_envelope
from tg_parser.contracts.model import Message


@dataclass(frozen=True)
class Recorded:
    """One message of a stream. Two of the same `seq` are the same message."""

    seq: int
    subject: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def type(self) -> str:
        """The wire type, from the header alone."""
        return self.headers.get("ce-type", "")

    @property
    def workflow_id(self) -> str:
        """The workflow it was told for, from the header alone."""
        return self.headers.get("ce-workflowid", "")

    @property
    def generation(self) -> int:
        """The workflow's generation, from the header alone. Raises MalformedEnvelope."""
        told = self.headers.get("ce-generation", "0")
        if not told.isdecimal():
            raise MalformedEnvelope(f"The header ce-generation is not a number: {told[:50]!r}.")
        return int(told)

    @cached_property
    def envelope(self) -> Envelope:
        """All of the headers. Raises MalformedEnvelope."""
        return read_envelope(self.headers)

    @cached_property
    def message(self) -> Message:
        """The body as its latest version. Raises UnknownMessageType or MalformedMessage."""
        return decode_body(self.type, self.body)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a JetStream delivery says about itself in its reply subject."""

    delivered: int
    stream_seq: int
    consumer_seq: int
    pending: int


def delivery(message: Msg) -> Delivery:
    """The numbers in `$JS.ACK.….<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<token>]`.

    Servers before 2.15 send nine tokens, later ones prefix domain and account and end in a random token (ADR-15).
    """
    tokens = message.reply.split(".")
    first = 4 if len(tokens) == 9 else 6
    return Delivery(int(tokens[first]), int(tokens[first + 1]), int(tokens[first + 2]), int(tokens[first + 4]))


def recorded(message: Msg) -> Recorded:
    """The message of a delivery."""
    return Recorded(delivery(message).stream_seq, message.subject, message.headers or {}, message.data)
