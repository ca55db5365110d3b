"""Comments: a channel's posts are passed on to its discussion group, and comments are answers to the copies."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tg_parser.testkit.datacentre.chats import Chat


def passed_on(channel: Chat, post: Any, number: int) -> Any:
    """The copy of a post in the discussion group, where it gets the id `number`."""
    header = types.MessageFwdHeader(
        date=post.date, from_id=channel.peer, channel_post=post.id, saved_from_peer=channel.peer,
        saved_from_msg_id=post.id,
    )  # fmt: skip
    group = channel.linked
    assert group is not None
    return types.Message(
        id=number, peer_id=group.peer, date=post.date, message=post.message, from_id=channel.peer, fwd_from=header,
        pinned=True,
    )  # fmt: skip


def copy_of(channel: Chat, post: int) -> Any | None:
    """The copy of a post in the discussion group; None if there is none."""
    found = channel.linked.messages.values() if channel.linked else ()
    headers = ((message, getattr(message, "fwd_from", None)) for message in found)
    return next((message for message, header in headers if header and header.saved_from_msg_id == post), None)


def joined_by_comment(channel: Chat, post: int) -> Any:
    """The copy that comments on a post answer. Raises LookupError if the post cannot be commented on."""
    copy = copy_of(channel, post)
    if copy is None:
        raise LookupError(f"Post {post} of {channel.title} cannot be commented on.")
    return copy


def in_thread(top: int, answers: int | None = None) -> Any:
    """How a message says that it belongs to the thread below `top`, and which message of it it answers."""
    if answers in (None, top):
        return types.MessageReplyHeader(reply_to_msg_id=top)
    return types.MessageReplyHeader(reply_to_msg_id=answers, reply_to_top_id=top)


def in_topic(topic: int, answers: int | None = None) -> Any:
    """How a message says that it belongs to a topic of a forum."""
    top = topic if answers else None
    return types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=answers or topic, reply_to_top_id=top)


def thread(chat: Chat, top: int) -> list[Any]:
    """The messages of a thread or a topic, newest first, without the one at its top."""
    return [message for message in chat.visible() if _top_of(message) == top]


def _top_of(message: Any) -> int | None:
    header = getattr(message, "reply_to", None)
    return (header.reply_to_top_id or header.reply_to_msg_id) if header else None
