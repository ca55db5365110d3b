"""Names of things, the same in every service and in every export.

`tg:<channel>:<post|comment>:<message>` names a message, `doc:…` what was understood of it, `kb:msg:…` and
`kb:topic:…` the entries a knowledge base holds. They are the ids of TG_parser v3, so that stored references stay valid.
"""

from __future__ import annotations

import re
import uuid
from typing import Literal, NamedTuple

MessageType = Literal["post", "comment"]

NAMESPACE = uuid.UUID("6f0d3f2e-5f0a-5b7e-9d53-0b6a4c2f7d11")
"""The uuid5 namespace of every deterministic id of this project. Changing it would double every fact."""

SOURCE_REF = re.compile(r"^tg:(?P<channel>[A-Za-z0-9_]+):(?P<type>post|comment):(?P<message>-?[0-9]+)\Z")
CHANNEL_ID = re.compile(r"^(?:[0-9]+|chat[0-9]+|user[0-9]+|[A-Za-z][A-Za-z0-9_]{2,63})\Z")


class SourceRef(NamedTuple):
    """The parts of a `source_ref`. `channel_id` is Telegram's bare id (`chat…`/`user…` for what is not a channel)."""

    channel_id: str
    message_type: MessageType
    message_id: int

    def __str__(self) -> str:
        """The wire form, `tg:<channel>:<post|comment>:<message>`."""
        return f"tg:{self.channel_id}:{self.message_type}:{self.message_id}"


def source_ref(channel_id: str, message_type: MessageType, message_id: int) -> str:
    """The name of a message. Raises ValueError if `channel_id` could not be told apart from the separators."""
    if not CHANNEL_ID.match(channel_id):
        raise ValueError(
            f"{channel_id!r} is not a channel id: expected digits, chat<digits>, user<digits> or a username."
        )
    return str(SourceRef(channel_id, message_type, message_id))


def parse_source_ref(ref: str) -> SourceRef:
    """The parts of `ref`. Raises ValueError if it is not of the form `tg:<channel>:<post|comment>:<message>`."""
    match = SOURCE_REF.match(ref)
    if match is None:
        raise ValueError(f"{ref!r} is not a source reference of the form tg:<channel>:<post|comment>:<message>.")
    return SourceRef(match["channel"], "post" if match["type"] == "post" else "comment", int(match["message"]))


def document_id(ref: str) -> str:
    """The id of the processed document of the message `ref`."""
    return f"doc:{ref}"


def message_entry_id(ref: str) -> str:
    """The id of the knowledge-base entry of the message `ref`."""
    return f"kb:msg:{ref}"


def thread_entry_id(ref: str, number: int = 1) -> str:
    """The id of the knowledge-base entry of the comments under the post `ref`; a long thread has several, from 1."""
    return f"kb:thread:{ref}" if number == 1 else f"kb:thread:{ref}#{number:04}"


def topic_entry_id(topic_id: str) -> str:
    """The id of the knowledge-base entry of a topic."""
    return f"kb:topic:{topic_id}"


def topic_id(anchor_ref: str) -> str:
    """The id a topic gets at birth, from its first anchor. It never changes afterwards, whatever the anchors become."""
    return f"topic:{anchor_ref}"


def deterministic_id(*parts: str | int) -> str:
    """The uuid5 of what a message is about: the same parts give the same id on every machine and every run."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))


def channel_token(channel_id: str) -> str:
    """`channel_id` as one token of a NATS subject: `c1001234567890`."""
    return f"c{channel_id}"
