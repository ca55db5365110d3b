"""The messages of an export one by one, with what has to be known to put them on pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.messages import RejectedInput, TelegramMessage
from tg_parser.ingestor.adapters.exports.repeats import Finding, SeenIds
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, SourceItem
from tg_parser.ingestor.originals import Original

LONGEST_REASON: Final = 400  # characters: a thousand of these fit into one message on the wire
LARGEST: Final = 900_000  # bytes of a message; the broker takes 1 MiB with headers and all
REPEATED: Final = "Another message of this chat has the same id; the first one was kept."


@dataclass(frozen=True, slots=True)
class Entry:
    """What one part of an export became, a chat or a message.

    `item` None: consumed without a trace, as an equal copy of an earlier message, or because it was not asked for: then it was
    `passed_over`. `sender`: who sent it, to tell albums apart. `whole`, of a chat: between its messages the export leaves out none.
    """

    item: SourceItem | None
    sender: str = ""
    original: Original | None = None
    whole: bool = False
    passed_over: bool = False


@dataclass(slots=True)
class Settled:
    """Makes entries of messages, and settles the ids that come twice in one chat."""

    _seen: dict[tuple[str, MessageType], SeenIds] = field(default_factory=dict[tuple[str, MessageType], SeenIds])

    def message(self, message: TelegramMessage, position: int, sender: str, original: Any) -> Entry:
        """The entry of a message that could be read. Raises Unreadable if it does not fit on the wire."""
        content_hash = small(message).content_hash()
        finding = self._finding(message, content_hash)
        if finding == "same":
            return Entry(None)
        if finding == "different":
            return rejected(message.channel_id, message.message_id, position, REPEATED, original)
        return Entry(MessageSeen(message, content_hash), sender, Original(message.source_ref, original))

    def _finding(self, message: TelegramMessage, content_hash: str) -> Finding:
        names = (message.channel_id, message.message_type)
        seen = self._seen.get(names)
        if seen is None:
            seen = self._seen[names] = SeenIds()
        return seen.add(message.message_id, content_hash)


def rejected(channel_id: str | None, message_id: int | None, position: int, reason: str, original: Any) -> Entry:
    """The entry of what could not be read as a message."""
    item = RejectedInput(
        position=position, channel_id=channel_id, message_id=message_id, reason=reason[:LONGEST_REASON]
    )
    return Entry(item, original=Original(None, original))


def chat_left_out(reason: str) -> Entry:
    """The entry of a whole chat that could not be named."""
    return Entry(RejectedInput(position=0, reason=reason[:LONGEST_REASON]))


def chat_begins(channel: ChannelSeen, *, whole: bool) -> Entry:
    """The entry of a chat."""
    return Entry(channel, whole=whole)


def small(message: TelegramMessage) -> TelegramMessage:
    """The message, if it fits on the wire. Raises Unreadable if not, which only forged exports bring about."""
    long = len(message.text) > 50_000 or len(message.entities) > 20  # whatever else is in them, others are small enough
    if long or message.poll or message.action_detail or message.buttons:
        size = len(message.model_dump_json(exclude_none=True).encode())
        if size > LARGEST:
            raise Unreadable(f"It takes {size:,} bytes, more than can be passed on.")
    return message
