"""A message as the log holds it: bytes with a position, decoded only when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from nats.aio.msg import Msg

from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType, decode_body
from tg_parser.contracts.envelope import Envelope, MalformedEnvelope, read_envelope
from tg_parser.contracts.model import REGISTRY, Contract, Message
from tg_parser.contracts.upcasts import upcast

P = TypeVar("P", bound=Contract)


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

    def holds(self, kind: type[Message]) -> bool:
        """Whether it is a `kind`, of whatever version, from the header alone."""
        return self.type.rpartition(".v")[0] == kind.TYPE

    def part(self, model: type[P]) -> P:
        """The fields of the body that `model` asks for, and no others: of a large message that takes a fraction of the time.

        Raises UnknownMessageType, or MalformedMessage if one of the fields is not what its type promises.
        """
        try:
            newest, body = upcast(self.type, self.body)
            if newest in REGISTRY:
                return model.model_validate_json(body)
        except (ValueError, KeyError, TypeError, AttributeError) as invalid:  # ValidationError is a ValueError
            raise MalformedMessage(f"{self.type} at {self.seq} lacks what {model.__name__} asks for.") from invalid
        raise UnknownMessageType(f"{newest} is not a type this version knows.")

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
