"""Live updates of the accounts in use: what is new somewhere, heard over the wire."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tg_parser.ingestor.adapters.telethon.hints import channel_of
from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World
from tg_parser.testkit.waiting import eventually

from .accounts import NAME
from .reading import Reader


class Heard:
    """The chats that something new was heard of, and how often."""

    def __init__(self) -> None:
        self.channels: list[str] = []
        self.updates: list[Any] = []

    def __call__(self, update: Any) -> None:
        self.updates.append(update)
        channel = channel_of(update)
        if channel:
            self.channels.append(channel)

    def times(self, chat: Chat) -> int:
        name = f"chat{chat.id}" if chat.kind == "group" else str(chat.id)
        return self.channels.count(name)


async def test_posts_edits_and_deletions_are_news_of_their_chat(
    ingestor: Reader, world: World, news: Chat, reader: Account
):
    heard = Heard()
    group = world.chat("Группа", "group", of=[reader])
    async with ingestor.keeper.process(heard) as accounts:
        await accounts.of(NAME)
        world.post(news)
        await eventually(lambda: heard.times(news) == 1)
        world.edit(news, 450, "Исправлено")
        await eventually(lambda: heard.times(news) == 2)
        world.delete(news, 3)
        await eventually(lambda: heard.times(news) == 3)
        world.post(group, by=reader)
        await eventually(lambda: heard.times(group) == 1)


async def test_somebody_who_does_not_listen_is_sent_nothing(
    ingestor: Reader, world: World, news: Chat, centre: DataCentre, reader: Account
):
    async with ingestor.keeper.process() as accounts:
        await accounts.of(NAME)
        assert [one.listens for one in centre.of(reader)] == [False]


async def test_more_news_than_telethon_tells_is_still_news(
    ingestor: Reader, world: World, news: Chat, centre: DataCentre, reader: Account
):
    heard = Heard()
    async with ingestor.keeper.process(heard) as accounts:
        await accounts.of(NAME)
        world.post(news)
        await eventually(lambda: heard.times(news) == 1)
        (session,) = centre.keyring.of(reader)
        session.wants_updates = False  # what follows gets lost
        world.fill(news, 70)
        session.wants_updates = True
        world.post(news)
        await eventually(lambda: heard.times(news) == 2)
    assert isinstance(heard.updates[-1], types.UpdateChannelTooLong)
    assert centre.asked("updates.getChannelDifference") == 2


async def test_a_connection_that_was_mended_hears_again_and_of_what_was_missed(
    ingestor: Reader, world: World, news: Chat, centre: DataCentre, reader: Account
):
    heard = Heard()
    async with ingestor.keeper.process(heard) as accounts:
        await ingestor.read_with(accounts, limit=1)
        world.post(news)
        await eventually(lambda: heard.times(news) == 1)
        centre.drop(reader)
        missed = world.post(news)
        await ingestor.read_with(accounts, limit=1)
        live = world.post(news)
        await eventually(lambda: heard.times(news) == 3)
    assert [update.message.id for update in heard.updates[-2:]] == [missed.id, live.id]
