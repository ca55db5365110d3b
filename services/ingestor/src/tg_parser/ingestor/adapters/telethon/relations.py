"""Who wrote a message, what it answers, where it was forwarded from, which conversation it belongs to."""

from __future__ import annotations

from typing import Any, Final

from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, moment, part, peer_id, word
from tg_parser.ingestor.adapters.telethon.people import name_of, username_of

GENERAL: Final = 1
"""The forum topic of what belongs to none (core.telegram.org/api/forum)."""
FORUM: Final = "~forum"
ROOT: Final = "~root"


def relations_of(message: Dump) -> dict[str, Any]:
    """The relations, as `TelegramMessage` takes them."""
    sender = _sender(message)
    bot = count(message.get("via_bot_id"))
    return {
        "sender_id": sender,
        "author": word(message.get("post_author"), 256) or (None if _is_post(message) else name_of(message, sender)),
        "via_bot": username_of(message, f"user{bot}") if bot else None,
        "forwarded_from": _origin(message),
        **_conversation(message),
    }


def _is_post(message: Dump) -> bool:
    """Whether a channel speaks itself, so that its name on the message says nothing."""
    return message.get("post") is True


def _sender(message: Dump) -> str | None:
    """Who it was sent as. In channels, and by administrators of groups who stay unnamed, that is the chat itself."""
    sender = peer_id(message.get("from_id"))
    chat = part(message, "peer_id")
    return sender or (peer_id(chat) if constructor(chat) == "PeerChannel" else None)


def _conversation(message: Dump) -> dict[str, Any]:
    """A message right under a topic or a post carries its id as if it answered it: that is a place, not an answer."""
    header = part(message, "reply_to")
    answered = count(header.get("reply_to_msg_id")) if constructor(header) == "MessageReplyHeader" else None
    elsewhere = peer_id(header.get("reply_to_peer_id"))
    top = count(header.get("reply_to_top_id"))
    members: dict[str, Any] = {"reply_to_message_id": answered, "reply_to_channel_id": elsewhere, "thread_id": top}
    if header.get("quote"):
        members["quote"] = word(header.get("quote_text"), 4096)
    if header.get("forum_topic") and top is None and elsewhere is None:
        members |= {"thread_id": answered, "reply_to_message_id": None}
    elif message.get(FORUM) and top is None:
        members["thread_id"] = GENERAL
    if root := word(message.get(ROOT), 256):
        members |= {"message_type": "comment", "root_ref": root, "thread_id": top or answered}
        members["reply_to_message_id"] = answered if top else None
    return members


def _origin(message: Dump) -> dict[str, Any] | None:
    header = part(message, "fwd_from")
    if not header:
        return None
    peer = peer_id(header.get("from_id"))
    return {
        "name": word(header.get("from_name"), 256) or name_of(message, peer) or word(header.get("post_author"), 256),
        "channel_id": None if peer is None or peer.startswith("user") else peer,
        "message_id": count(header.get("channel_post")),
        "date": moment(header.get("date")),
    }
