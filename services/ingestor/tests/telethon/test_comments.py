from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from telethon.tl import types

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page

from .world import Reader, channel, post


def copy(number: int, of: int, **members: Any) -> types.Message:
    """A post of the channel as it stands in the discussion group."""
    header = types.MessageFwdHeader(
        date=post(of).date, from_id=types.PeerChannel(1001), channel_post=of, saved_from_peer=types.PeerChannel(1001),
        saved_from_msg_id=of,
    )  # fmt: skip
    return post(number, 500, post=False, from_id=types.PeerChannel(1001), fwd_from=header, **members)


def said(number: int, answers: int | None = None, top: int | None = None) -> types.Message:
    header = types.MessageReplyHeader(reply_to_msg_id=answers, reply_to_top_id=top) if answers else None
    return post(number, 500, post=False, from_id=types.PeerUser(9), reply_to=header)


@pytest.fixture
def discussed() -> Reader:
    """A channel with two posts; in its group stand their copies, three comments and some talk."""
    reader = Reader()
    reader.telegram.add(channel(1001), [post(1), post(2)], linked_chat_id=500)
    group = channel(500, title="Обсуждение", broadcast=None, megagroup=True, username=None)
    talk = [copy(10, 1), said(11, 10), said(12), said(13, 12), copy(14, 2), said(15, 14), said(16, 15, 14)]
    reader.telegram.add(group, talk, linked_chat_id=1001)
    return reader


def told(pages: Iterable[Page]) -> list[TelegramMessage]:
    return [item.message for page in pages for item in page.items if isinstance(item, MessageSeen)]


async def test_comments_have_the_identity_of_their_group_and_the_root_in_the_channel(discussed: Reader):
    comments = [m for m in told(await discussed.read(include_comments=True)) if m.channel_id == "500"]
    assert [(m.source_ref, m.root_ref, m.thread_id, m.reply_to_message_id) for m in comments] == [
        ("tg:500:comment:11", "tg:1001:post:1", 10, None),
        ("tg:500:comment:15", "tg:1001:post:2", 14, None),
        ("tg:500:comment:16", "tg:1001:post:2", 14, 15),
    ]


async def test_without_being_asked_nobody_reads_comments(discussed: Reader):
    pages = await discussed.read()
    assert {m.channel_id for m in told(pages)} == {"1001"}
    channels = [item for page in pages for item in page.items if isinstance(item, ChannelSeen)]
    assert [item.discussion_id for item in channels] == ["500"]


async def test_a_group_read_for_itself_gives_its_comments_the_same_names(discussed: Reader):
    await discussed.read()
    messages = told(await discussed.read("500", channel_id="500"))
    assert [m.source_ref for m in messages] == [
        "tg:500:post:10", "tg:500:comment:11", "tg:500:post:12", "tg:500:post:13", "tg:500:post:14",
        "tg:500:comment:15", "tg:500:comment:16",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_roots_that_were_read_long_ago_are_looked_up(discussed: Reader, size: int):
    discussed.covered = {"1001": [(1, 2)], "500": [(1, 14)]}
    discussed.remembered.records.clear()
    pages = await discussed.read(include_comments=True, mode="incremental", size=size)
    new = [m for m in told(pages) if m.message_id > 14]
    assert [(m.source_ref, m.root_ref) for m in new] == [
        ("tg:500:comment:15", "tg:1001:post:2"), ("tg:500:comment:16", "tg:1001:post:2"),
    ]  # fmt: skip


async def test_a_killed_reading_goes_on_among_the_comments(discussed: Reader):
    whole = await discussed.read(include_comments=True, size=1)
    for number, page in enumerate(whole):
        rest = await discussed.read(include_comments=True, size=1, after=page)
        assert [m.source_ref for m in told(rest)] == [m.source_ref for m in told(whole[number + 1 :])]


async def test_comments_are_read_back_to_the_oldest_post_of_a_limited_reading(discussed: Reader):
    discussed.telegram.messages[1001] = [post(1), post(13)]
    messages = told(await discussed.read(include_comments=True, limit=1))
    assert [m.message_id for m in messages] == [13, 15, 16]


async def test_a_group_that_is_closed_to_us_is_said_to_be_missing(discussed: Reader):
    del discussed.telegram.chats[500]
    pages = await discussed.read(include_comments=True)
    assert [m.message_id for m in told(pages)] == [1, 2]
    end = pages[-1].end
    assert end is not None
    assert "comments" in (end.truncated or "")


async def test_a_person_who_forwards_a_post_starts_no_thread(discussed: Reader):
    header = types.MessageFwdHeader(date=post(1).date, from_id=types.PeerChannel(1001), channel_post=1)
    forwarded = post(20, 500, post=False, from_id=types.PeerUser(9), fwd_from=header)
    discussed.telegram.messages[500] += [forwarded, said(21, 20)]
    assert 21 not in [m.message_id for m in told(await discussed.read(include_comments=True))]
