from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import events
from telethon.tl import types

from tg_parser.testkit.datacentre import Account, Chat, DataCentre, Silent, World
from tg_parser.testkit.waiting import eventually

from .clients import Client, Heard, connected, history_of, session_of


async def test_posts_edits_and_deletions_are_heard_live(client: Client, world: World, news: Chat):
    heard = Heard(client)
    post = world.post(news, "Только что")
    assert (await heard.next(types.UpdateNewChannelMessage)).message.message == "Только что"
    world.edit(news, post.id, "Исправлено")
    edited = (await heard.next(types.UpdateEditChannelMessage)).message
    assert (edited.id, edited.message, edited.edit_date is not None) == (post.id, "Исправлено", True)
    world.delete(news, 3, 4)
    gone = await heard.next(types.UpdateDeleteChannelMessages)
    assert (gone.channel_id, gone.messages) == (news.id, [3, 4])


async def test_events_carry_the_chat_they_are_about(client: Client, world: World, news: Chat):
    told: list[Any] = []

    async def hear(event: Any) -> None:
        told.append((event.chat.title, event.raw_text))

    client.add_event_handler(hear, events.NewMessage(chats=news.id))
    world.post(news, "Только что")
    await eventually(lambda: told == [("Новости", "Только что")])


async def test_deletions_in_a_basic_group_do_not_say_where(client: Client, world: World, reader: Account):
    heard = Heard(client)
    group = world.chat("Группа", "group", of=[reader])
    world.fill(group, 2, by=reader)
    assert (await heard.next(types.UpdateNewMessage)).message.peer_id.chat_id == group.id
    world.delete(group, 1)
    assert (await heard.next(types.UpdateDeleteMessages)).messages == [1]


async def test_somebody_who_is_no_member_hears_nothing(client: Client, world: World, news: Chat):
    heard = Heard(client)
    world.post(world.chat("Чужие", username="others"), "Не для всех")
    assert world.post(news).id == await heard.next_new()


async def test_a_client_that_wants_no_updates_gets_none(
    client: Client, world: World, news: Chat, centre: DataCentre, reader: Account
):
    heard = Heard(client)
    async with connected(session_of(centre, reader), receive_updates=False) as quiet:
        told = Heard(quiet)
        world.post(news)
        await heard.next_new()
        assert len((await quiet(history_of(news, reader, limit=2))).messages) == 2
        assert told.empty
    assert [one.listens for one in centre.of(reader)] == [True]


async def test_missed_posts_are_caught_up_with_but_telethon_drops_missed_edits_and_deletions(
    centre: DataCentre, world: World, news: Chat, reader: Account
):
    session = session_of(centre, reader)
    async with connected(session) as client:
        heard = Heard(client)
        world.post(news)
        await heard.next_new()
    world.edit(news, 5, "Исправлено")
    world.delete(news, 6)
    world.fill(news, 20)
    async with connected(session, catch_up=True) as client:
        heard = Heard(client)
        updates = [await heard.next(object) for _ in range(20)]
        assert [update.message.id for update in updates] == list(range(452, 472))
        assert (await client.get_messages(news.id, ids=[5, 6]))[0].message == "Исправлено"
        assert heard.empty


async def test_seventy_missed_posts_are_too_many_but_the_history_has_them_all(
    centre: DataCentre, world: World, news: Chat, reader: Account
):
    session = session_of(centre, reader)
    async with connected(session) as client:
        heard = Heard(client)
        last = world.post(news).id
        await heard.next_new()
    world.fill(news, 70)
    async with connected(session, catch_up=True) as client:
        heard = Heard(client)
        await eventually(lambda: centre.asked("updates.getChannelDifference") == 2)  # too long, and then nothing more
        assert await client.get_me()  # answers come in order: the client has read the difference
        live = world.post(news).id
        assert await heard.next_new() == live
        found = [message.id async for message in client.iter_messages("news", min_id=last, wait_time=0, reverse=True)]
        assert found == list(range(last + 1, live + 1))


async def test_a_gap_in_what_is_heard_is_asked_for(
    client: Client, centre: DataCentre, world: World, news: Chat, reader: Account
):
    heard = Heard(client)
    world.post(news)
    await heard.next_new()
    (session,) = centre.keyring.of(reader)
    session.wants_updates = False  # three updates get lost
    world.fill(news, 3)
    session.wants_updates = True
    world.post(news)
    assert [await heard.next_new() for _ in range(4)] == [452, 453, 454, 455]
    assert centre.asked("updates.getChannelDifference") == 1


async def test_an_unknown_kind_in_an_update_ends_the_client_when_it_asks_for_the_gap(
    client: Client, centre: DataCentre, world: World, news: Chat, reader: Account
):
    heard = Heard(client)
    world.post(news)
    await heard.next_new()
    centre.faults.on("messages.getHistory", Silent())
    pending = asyncio.create_task(client(history_of(news, reader)))
    await eventually(lambda: centre.asked("messages.getHistory"))
    world.unreadable(news)
    assert (await client.get_me()).id == reader.id  # the update itself is passed over
    world.post(news)
    with pytest.raises(asyncio.CancelledError):
        await pending
    assert centre.asked("updates.getChannelDifference") == 1
    assert not client.is_connected()
