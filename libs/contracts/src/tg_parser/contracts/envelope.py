"""The envelope of everything on the wire: CloudEvents 1.0 in binary mode on NATS headers.

The body is the JSON data; what a router, a tracer or a ledger needs stands in the headers, so that nobody parses a body
to count it. Header values are percent-encoded outside printable ASCII (NATS binding of CloudEvents, 3.1.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote

SPEC_VERSION: Final = "1.0"
MESSAGE_ID: Final = "Nats-Msg-Id"
TRACEPARENT: Final = "traceparent"
PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '%"')


class MalformedEnvelope(ValueError):
    """A message lacks a header without which it cannot be understood."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels beside the data.

    Attributes:
        id: uuid5 of what the message is about; also `Nats-Msg-Id`, so a second publish of it is recognised.
        type: wire type with major version, `tg.message.ingested.v2`.
        source: which service told it, `tg-parser/ingestor`.
        time: when it was told (for a fact about Telegram: not the post's date).
        workflow_id: the workflow on whose behalf, or "".
        generation: 0 for the first run; a replay counts on.
        causation_id: id of the message that led to this one, or "".
        traceparent: W3C trace context, or "".
    """

    id: str
    type: str
    source: str
    time: datetime
    workflow_id: str = ""
    generation: int = 0
    causation_id: str = ""
    traceparent: str = ""

    def headers(self) -> dict[str, str]:
        """The NATS headers of this envelope."""
        headers = {
            MESSAGE_ID: self.id,
            "ce-specversion": SPEC_VERSION,
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": _encode(self.source),
            "ce-time": self.time.isoformat(),
            "ce-generation": str(self.generation),
            "content-type": "application/json",
        }
        optional = {
            "ce-workflowid": _encode(self.workflow_id),
            "ce-causationid": self.causation_id,
            TRACEPARENT: self.traceparent,
        }
        return headers | {name: value for name, value in optional.items() if value}

    def caused(self, message_id: str, message_type: str, *, source: str, time: datetime) -> Envelope:
        """The envelope of a message that follows from the one with this envelope."""
        return replace(self, id=message_id, type=message_type, source=source, time=time, causation_id=self.id)


def read_envelope(headers: Mapping[str, str] | None) -> Envelope:
    """The envelope in `headers`. Raises MalformedEnvelope naming the header that is missing or wrong."""
    headers = headers or {}
    try:
        return Envelope(
            id=headers["ce-id"],
            type=headers["ce-type"],
            source=unquote(headers["ce-source"]),
            time=datetime.fromisoformat(headers["ce-time"]),
            workflow_id=unquote(headers.get("ce-workflowid", "")),
            generation=int(headers.get("ce-generation", "0")),
            causation_id=headers.get("ce-causationid", ""),
            traceparent=headers.get(TRACEPARENT, ""),
        )
    except KeyError as missing:
        raise MalformedEnvelope(f"The header {missing.args[0]} is missing.") from missing
    except ValueError as wrong:
        raise MalformedEnvelope(f"A header is malformed: {wrong}.") from wrong


def _encode(value: str) -> str:
    plain = value.isascii() and value.isprintable() and "%" not in value and value == value.strip()
    return value if plain else quote(value, safe=PRINTABLE)  # spaces at the ends do not survive as they are
