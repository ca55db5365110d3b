"""From an export's outline to messages: each chat named, each row read or rejected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tg_parser.ingestor.adapters.desktop_json.chats import Chat, chat_of
from tg_parser.ingestor.adapters.desktop_json.message import message_id_of, message_of
from tg_parser.ingestor.adapters.desktop_json.outline import ChatBegins, Row
from tg_parser.ingestor.adapters.exports.entries import Entry, Settled, chat_begins, chat_left_out, rejected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen

ALL_OF_THEM: Final = frozenset({"personal_chat", "bot_chat", "saved_messages", "replies", "verify_codes"})
"""Chats of which an account's export holds all messages. Of groups and channels it may hold the owner's own alone, and does of
public ones; the export of a single chat holds everything."""


def entries_of(parts: Iterable[ChatBegins | Row]) -> Iterator[Entry]:
    """One entry for each chat and each row; a chat that cannot be named is one rejected entry, its rows none.

    Raises Unreadable if it is the file's only chat.
    """
    settled = Settled()
    chat: Chat | None = None
    for part in parts:
        if isinstance(part, ChatBegins):
            chat, entry = _begun(part)
            yield entry
        elif chat:
            yield _entry(part, chat, settled)


def _begun(part: ChatBegins) -> tuple[Chat | None, Entry]:
    try:
        chat = chat_of(part.members)
    except Unreadable as unreadable:
        if part.alone:
            raise
        return None, chat_left_out(str(unreadable))
    channel = ChannelSeen(chat.channel_id, chat.title, chat.channel_type)
    return chat, chat_begins(channel, whole=part.alone or chat.channel_type in ALL_OF_THEM)


def _entry(row: Row, chat: Chat, settled: Settled) -> Entry:
    try:
        message = message_of(row.value, chat)
        sender = str(row.value.get("from_id") or message.author)
        return settled.message(message, row.position, sender, row.value)
    except Unreadable as unreadable:
        return rejected(chat.channel_id, message_id_of(row.value), row.position, str(unreadable), row.value)
