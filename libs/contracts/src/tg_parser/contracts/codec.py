"""Messages to bytes and back, through the upcaster chain: a reader only ever knows the latest version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from tg_parser.contracts import (  # registers every message
    documents,
    erasure,
    jobs,
    knowledge,
    messages,
    sources,
    topics,
    workflows,
)
from tg_parser.contracts.envelope import Envelope, read_envelope
from tg_parser.contracts.model import REGISTRY, Message
from tg_parser.contracts.upcasts import UPCASTERS, upcast

ROOMS = (messages, sources, erasure, documents, topics, knowledge, jobs, workflows)
"""Where messages are declared."""


class UnknownMessageType(ValueError):
    """A message has a type this version of the software does not know."""


class MalformedMessage(ValueError):
    """A message's body is not what its type promises."""


@dataclass(frozen=True, slots=True)
class Received:
    """A decoded message with its envelope."""

    envelope: Envelope
    message: Message


def encode(message: Message) -> bytes:
    """The body of `message`: JSON in UTF-8, fields that are None left out."""
    return message.__pydantic_serializer__.to_json(message, exclude_none=True, by_alias=True)


def decode_body(wire_type: str, body: bytes) -> Message:
    """The message of `body`. Raises UnknownMessageType, or MalformedMessage with what is wrong where."""
    try:
        newest, data = upcast(wire_type, body)
    except (ValueError, KeyError, TypeError, AttributeError) as invalid:
        raise MalformedMessage(f"{wire_type}: it cannot be read as a newer version: {invalid!r}.") from invalid
    model = REGISTRY.get(newest)
    if model is None:
        raise UnknownMessageType(f"{wire_type} is not a type this version knows.")
    try:
        return model.model_validate_json(data)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise MalformedMessage(f"{wire_type}: {where}: {first['msg']}.") from invalid


def decode(headers: Mapping[str, str] | None, body: bytes) -> Received:
    """Envelope and message. Raises MalformedEnvelope, UnknownMessageType or MalformedMessage."""
    envelope = read_envelope(headers)
    return Received(envelope, decode_body(envelope.type, body))


def wire_types() -> tuple[str, ...]:
    """Every type and version that can be read, old ones included."""
    return tuple(sorted({*REGISTRY, *UPCASTERS}))
