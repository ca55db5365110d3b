"""Addresses of messages that a reader can follow.

A username may change hands, so an address is made when an export is written and never becomes part of an id.
Formats: https://core.telegram.org/api/links#message-links
"""

from __future__ import annotations

import re

from tg_parser.contracts.ids import SourceRef

NUMERIC = re.compile(r"[0-9]+")
WITHOUT_ADDRESS = re.compile(r"(?:chat|user)[0-9]+")


def permalink(
    ref: SourceRef, username: str | None = None, *, thread_id: int | None = None, single: bool = False
) -> str | None:
    """The address of the message `ref`, or None if it has none.

    Args:
        ref: the message. Personal chats and basic groups have no addresses.
        username: the channel's public name; without it the address opens for members only.
        thread_id: for a comment, the post it stands under. A comment without one has no address.
        single: a message of an album is meant alone, not with its album.
    """
    channel = _channel_address(ref.channel_id, username)
    if channel is None:
        return None
    if ref.message_type == "comment":
        return None if thread_id is None else f"{channel}/{thread_id}?comment={ref.message_id}"
    return f"{channel}/{ref.message_id}{'?single' if single else ''}"


def comment_permalink(comment: SourceRef, root: SourceRef, username: str | None = None) -> str | None:
    """The address of a comment under the post `root`, whose channel's public name is `username`.

    The comment itself lives in the channel's discussion group, under a number of its own.
    """
    channel = _channel_address(root.channel_id, username)
    return None if channel is None else f"{channel}/{root.message_id}?comment={comment.message_id}"


def _channel_address(channel_id: str, username: str | None) -> str | None:
    if WITHOUT_ADDRESS.fullmatch(channel_id):
        return None
    if username:
        return f"https://t.me/{username.removeprefix('@')}"
    if NUMERIC.fullmatch(channel_id):
        return f"https://t.me/c/{channel_id}"
    return f"https://t.me/{channel_id}"
