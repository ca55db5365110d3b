"""What `MessageSource` promises, kept by the history of a Telegram that has a bit of everything in it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from telethon.tl import types

from tg_parser.contracts.messages import RejectedInput, SourceSpec
from tg_parser.ingestor.adapters.telethon.source import TelegramHistory
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page, SourceItem
from tg_parser.ingestor.ports import Start
from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World, flood
from tg_parser.testkit.moving_clock import MovingClock

from .reading import Reader, calm, covered, floods, refs

EVERYTHING: dict[str, Any] = {"location": "@varied", "include_comments": True}


@pytest.fixture
def varied(world: World, reader: Account, time: MovingClock) -> Chat:
    """A channel with comments, whose group was a basic one; with holes, service messages and what nobody can read."""
    before = world.chat("Обсуждение", "group", of=[reader])
    group = world.migrate(before)
    channel = world.chat("Разное", username="varied", of=[reader], linked=group)
    for hour in range(70):
        post = world.post(channel, f"Запись {hour}", at=time.now - timedelta(hours=200 - hour))
        if hour % 3 == 0:
            world.comment(channel, post.id, f"О записи {hour}", reader)
        if hour % 10 == 0:
            world.act(channel, types.MessageActionPinMessage())
    world.delete(channel, *range(20, 40), 55)
    channel.unreadable |= {60, 61, 72}
    channel.hidden |= {50, 51}
    return channel


def told(pages: Sequence[Page]) -> list[SourceItem]:
    """Messages and what could not be read as one, without how far a page happened to reach."""
    items = [item for page in pages for item in page.items]
    return [item for item in items if isinstance(item, MessageSeen)]


async def test_order_each_chat_is_named_before_anything_is_said_of_it(ingestor: Reader, varied: Chat):
    named: set[str] = set()
    last: dict[str, int] = {}
    for page in await ingestor.read(**EVERYTHING):
        named |= {item.channel_id for item in page.items if isinstance(item, ChannelSeen)}
        for item in page.items:
            if isinstance(item, MessageSeen):
                message = item.message
                assert message.channel_id in named
                assert message.message_id > last.get(message.channel_id, 0)
                last[message.channel_id] = message.message_id
        assert {stretch.channel_id for stretch in page.covered} <= named
    assert set(last) == named == {str(varied.id), str(varied.linked.id if varied.linked else 0)}


@pytest.mark.parametrize("size", [3, 25, 1000])
async def test_determinism_whatever_the_page_size(ingestor: Reader, varied: Chat, size: int):
    whole = await ingestor.read(**EVERYTHING)
    parts = await ingestor.read(**EVERYTHING, size=size)
    assert told(parts) == told(whole)
    assert parts[-1].end == whole[-1].end
    assert all(len(page.items) <= size for page in parts)
    assert covered(parts) == covered(whole)


async def test_determinism_wherever_one_begins(ingestor: Reader, varied: Chat):
    whole = await ingestor.read(**EVERYTHING, size=25)
    for number, page in enumerate(whole[:-1]):
        rest = await ingestor.read(**EVERYTHING, size=25, after=page)
        assert told(rest) == told(whole[number + 1 :])
        assert (rest[-1].end, rest[-1].cursor) == (whole[-1].end, whole[-1].cursor)
        assert any(isinstance(item, ChannelSeen) for item in rest[0].items)


async def test_distinctness_no_message_is_told_twice(ingestor: Reader, varied: Chat):
    pages = await ingestor.read(**EVERYTHING, size=7)
    assert len(set(refs(pages))) == len(refs(pages)) > 50
    rejected = [item for page in pages for item in page.items if isinstance(item, RejectedInput)]
    assert [item.message_id for item in rejected] == [61, 72]


async def test_time_pages_are_not_read_ahead(ingestor: Reader, news: Chat, centre: DataCentre):
    async with ingestor.keeper.process() as accounts:
        source = TelegramHistory(accounts, ingestor.chats, ingestor.time.clock)
        spec = SourceSpec(kind="mtproto_history", location="@news")
        async with aclosing(source.pages(spec, Start(ingestor.coverage), page_size=100)) as pages:
            await anext(pages)  # how the channel presents itself
            await anext(pages)
            taken = centre.asked("messages.getHistory")
            await anext(pages)
    assert centre.asked("messages.getHistory") == taken + 1


async def test_pauses_at_any_call_are_told_and_change_nothing(ingestor: Reader, varied: Chat, centre: DataCentre):
    async with ingestor.keeper.process() as accounts:
        whole = await ingestor.read_with(accounts, **EVERYTHING)
        before = centre.asked("messages.getHistory")
        await ingestor.read_with(accounts, **EVERYTHING)
        for place in range(0, centre.asked("messages.getHistory") - before, 4):
            centre.faults.on("messages.getHistory", flood(2), after=place)
            pages = await ingestor.read_with(accounts, **EVERYTHING)
            assert floods(pages) == [("getHistory", 2)]
            assert calm(pages) == whole


async def test_end_exactly_the_last_page_has_one(ingestor: Reader, varied: Chat):
    pages = await ingestor.read(**EVERYTHING, size=50)
    assert [page.end is not None for page in pages] == [False] * (len(pages) - 1) + [True]
    end = pages[-1].end
    assert end is not None
    assert (end.channel_ids[0], end.truncated) == (str(varied.id), None)
