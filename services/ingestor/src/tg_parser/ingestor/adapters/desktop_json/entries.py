"""From an export's outline to messages: each chat named, each row read or rejected, repeated ids settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tg_parser.contracts.messages import RejectedInput, TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.chats import Chat, chat_of
from tg_parser.ingestor.adapters.desktop_json.message import message_id_of, message_of
from tg_parser.ingestor.adapters.desktop_json.outline import ChatBegins, Row
from tg_parser.ingestor.adapters.desktop_json.repeats import SeenIds
from tg_parser.ingestor.adapters.desktop_json.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, SourceItem

LONGEST_REASON: Final = 400  # characters: a thousand of these fit into one message on the wire
LARGEST: Final = 900_000  # bytes of a message; the broker takes 1 MiB with headers and all


@dataclass(frozen=True, slots=True)
class Entry:
    """What one part of an export became. `item` None: an equal copy of an earlier message, consumed without a trace."""

    item: SourceItem | None
    sender: str = ""


class Entries:
    """Reads the parts of one export, in order."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, SeenIds] = defaultdict(SeenIds)

    @property
    def channel_ids(self) -> tuple[str, ...]:
        """The chats of which at least one message could be read, in the order of the export."""
        return tuple(channel_id for channel_id, seen in self._seen.items() if seen)

    def of(self, parts: Iterable[ChatBegins | Row]) -> Iterator[Entry]:
        """One entry for each chat and each row; a chat that cannot be named is one rejected entry, its rows none.

        Raises Unreadable if it is the file's only chat.
        """
        chat: Chat | None = None
        for part in parts:
            if isinstance(part, ChatBegins):
                chat, entry = _begun(part)
                yield entry
            elif chat:
                yield self._entry(part, chat)

    def _entry(self, row: Row, chat: Chat) -> Entry:
        try:
            message = _small(message_of(row.value, chat))
            content_hash = message.content_hash()
        except Unreadable as unreadable:
            return Entry(_rejected(row, chat, str(unreadable)))
        finding = self._seen[chat.channel_id].add(message.message_id, content_hash)
        if finding == "same":
            return Entry(None)
        if finding == "different":
            return Entry(_rejected(row, chat, "Another message of this chat has the same id; the first one was kept."))
        return Entry(MessageSeen(message, content_hash), _sender(row, message))


def _small(message: TelegramMessage) -> TelegramMessage:
    """The message, if it fits on the wire. Raises Unreadable if not, which only forged exports bring about."""
    long = len(message.text) > 50_000 or len(message.entities) > 20  # whatever else is in them, others are small enough
    if long or message.poll or message.action_detail:
        size = len(message.model_dump_json(exclude_none=True).encode())
        if size > LARGEST:
            raise Unreadable(f"It takes {size:,} bytes, more than can be passed on.")
    return message


def _begun(part: ChatBegins) -> tuple[Chat | None, Entry]:
    try:
        chat = chat_of(part.members)
    except Unreadable as unreadable:
        if part.alone:
            raise
        return None, Entry(RejectedInput(position=0, reason=str(unreadable)[:LONGEST_REASON]))
    return chat, Entry(ChannelSeen(chat.channel_id, chat.title, chat.channel_type))


def _rejected(row: Row, chat: Chat, reason: str) -> RejectedInput:
    return RejectedInput(
        position=row.position,
        channel_id=chat.channel_id,
        message_id=message_id_of(row.value),
        reason=reason[:LONGEST_REASON],
    )


def _sender(row: Row, message: TelegramMessage) -> str:
    """Who sent it, to tell albums apart."""
    return str(row.value.get("from_id") or message.author)
