"""Histories read over Telethon keep what every source promises."""

from __future__ import annotations

import pytest
from telethon.tl import types

from tg_parser.contracts.messages import SourceSpec

from ..conformance.promises import Place, Promises
from .world import Reader, channel, post


@pytest.fixture
def place() -> Place:
    """A channel with a service message, deleted posts, and a discussion group with comments."""
    reader = Reader()
    posts = [post(number) for number in range(1, 41) if number not in {5, 6, 30}]
    reader.telegram.add(channel(), posts, linked_chat_id=2002)
    group = channel(2002, username=None, title="Обсуждение", broadcast=False, megagroup=True)
    root = post(1, 2002, post=False, fwd_from=types.MessageFwdHeader(
        date=posts[3].date, from_id=types.PeerChannel(1001), channel_post=4, saved_from_peer=types.PeerChannel(1001), saved_from_msg_id=4,
    ))  # fmt: skip
    answers = [
        post(number, 2002, post=False, reply_to=types.MessageReplyHeader(reply_to_msg_id=1, reply_to_top_id=1))
        for number in range(2, 12)
    ]
    reader.telegram.add(group, [root, *answers])
    return Place(
        reader.source,
        SourceSpec(kind="mtproto_history", location="@news", include_comments=True),
        SourceSpec(kind="mtproto_history", location="@nobody_has_this"),
    )


class TestTelegramHistory(Promises):
    """See `Promises`."""
