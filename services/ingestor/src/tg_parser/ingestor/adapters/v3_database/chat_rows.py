"""Every channel's messages, posts before comments, each with what v3 had understood of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from tg_parser.contracts.documents import ImportedDocument
from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.exports.entries import Entry, Settled, chat_begins, rejected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.v3_database.document import document_of
from tg_parser.ingestor.adapters.v3_database.identities import Chat, Identities
from tg_parser.ingestor.adapters.v3_database.message import message_id_of, message_of, metrics_of
from tg_parser.ingestor.adapters.v3_database.values import moment
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen

KINDS: Final[tuple[MessageType, ...]] = ("post", "comment")
MESSAGES: Final = """
SELECT message.source_ref, message.id, message.message_type, message.channel_id, message.date, message.text,
    message.thread_id, message.parent_message_id, message.raw_payload_json, message.inserted_at,
    document.source_ref AS document_ref, document.processed_at, document.text_clean, document.summary, document.topics_json,
    document.entities_json, document.language, document.metadata_json
FROM raw_messages AS message
LEFT JOIN processing.processed_documents AS document ON document.source_ref = message.source_ref
WHERE message.channel_id {among} AND message.message_type = ?
ORDER BY message.date, CAST(message.id AS INTEGER), message.source_ref
"""
ORPHANS: Final = """
SELECT source_ref FROM processing.processed_documents AS document
WHERE NOT EXISTS (SELECT 1 FROM raw_messages AS message WHERE message.source_ref = document.source_ref)
ORDER BY source_ref
"""
Row = Mapping[str, Any]


def message_entries(connection: sqlite3.Connection, identities: Identities) -> Iterator[Entry]:
    """The entries of each channel, after the channel's own, and of the group that holds its comments, if that is known."""
    settled = Settled()
    for chat in identities.chats():
        yield chat_begins(ChannelSeen(chat.channel_id, "", "", chat.username, discussion_id=chat.group_id), whole=False)
        for kind in KINDS:
            if kind == "comment" and chat.group_id:
                yield chat_begins(ChannelSeen(chat.group_id, "", ""), whole=False)
            for position, row in enumerate(_rows(connection, chat, kind)):
                yield from _entries(row, chat, position, settled)


def orphan_entries(connection: sqlite3.Connection) -> Iterator[Entry]:
    """Documents without a message: there is nothing to say them of."""
    for position, row in enumerate(connection.execute(ORPHANS)):
        ref = str(row["source_ref"])[:200]
        yield rejected(
            None, None, position, f"The document of {ref} is there without its message.", {"source_ref": ref}
        )


def reparse(original: Mapping[str, Any]) -> TelegramMessage:
    """The message of a row that was kept, read again. Raises Unreadable with a sentence that says why it is none."""
    return message_of(original["message"], Chat(original["channel_id"], (), group_id=original["group_id"]))


def _rows(connection: sqlite3.Connection, chat: Chat, kind: MessageType) -> Iterator[Row]:
    """By date, which v3 has an index of for each of its names: only a channel with several names has to be sorted."""
    among = "= ?" if len(chat.names) == 1 else f"IN ({', '.join('?' * len(chat.names))})"
    return map(dict, connection.execute(MESSAGES.format(among=among), (*chat.names, kind)))


def _entries(row: Row, chat: Chat, position: int, settled: Settled) -> Iterator[Entry]:
    home = chat.home("comment" if row["message_type"] == "comment" else "post")
    original = {"channel_id": chat.channel_id, "group_id": chat.group_id, "message": row}
    try:
        message = message_of(row, chat)
        entry = settled.message(message, position, "", original)
    except Unreadable as unreadable:
        yield rejected(home, message_id_of(row), position, str(unreadable), original)
        return
    document, trouble = _document(row, message)
    if isinstance(entry.item, MessageSeen):
        yield replace(entry, item=_seen(entry.item, row, document))
    else:
        yield entry
    if trouble:
        yield rejected(home, message.message_id, position, trouble, None)


def _document(row: Row, message: TelegramMessage) -> tuple[ImportedDocument | None, str]:
    if row["document_ref"] is None:
        return None, ""
    try:
        return document_of(row, message), ""
    except Unreadable as unreadable:
        return None, str(unreadable)


def _seen(item: MessageSeen, row: Row, document: ImportedDocument | None) -> MessageSeen:
    """v3 never looked at a message twice, so that what it has is what it was when it was stored."""
    stored = moment(row["inserted_at"])
    if stored is None or stored < item.message.date:
        return replace(item, document=document)
    return replace(item, document=document, as_of=stored, metrics=metrics_of(row))
