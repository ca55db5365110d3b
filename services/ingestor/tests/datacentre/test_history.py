from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import errors
from telethon.tl import functions, types

from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World

from .clients import Client, history_of, peer_of

BORN = datetime(2026, 1, 1, tzinfo=UTC)


async def read(client: Client, **options: Any) -> list[int]:
    return [message.id async for message in client.iter_messages("news", wait_time=0, **options)]


async def test_a_history_is_read_page_by_page_in_both_directions(client: Client, centre: DataCentre):
    assert await read(client) == list(range(450, 0, -1))
    assert centre.asked("messages.getHistory") == 5
    assert await read(client, reverse=True, min_id=100) == list(range(101, 451))
    assert await read(client, limit=130) == list(range(450, 320, -1))
    assert await read(client, min_id=440, max_id=445) == [444, 443, 442, 441]


async def test_moments_bound_a_history(client: Client, world: World, reader: Account):
    channel = world.chat("Летопись", of=[reader])
    for hour in range(1, 6):
        world.post(channel, at=BORN + timedelta(hours=hour))
    page = await client(history_of(channel, reader, offset_date=BORN + timedelta(hours=3)))
    assert [message.id for message in page.messages] == [2, 1]


async def test_what_is_hidden_makes_a_page_short_and_no_end(client: Client, news: Chat):
    news.hidden |= set(range(310, 350))
    found = await read(client)
    assert (len(found), found[-1]) == (410, 1)


async def test_single_messages_are_named_by_their_ids(client: Client, world: World, news: Chat):
    world.delete(news, 7)
    seven, eight = await client.get_messages("news", ids=[7, 8])
    assert (seven, eight.message) == (None, "Запись 8")


async def test_a_message_of_an_unknown_kind_makes_its_whole_page_unreadable(client: Client, world: World, news: Chat):
    world.unreadable(news)
    with pytest.raises(errors.TypeNotFoundError) as unknown:
        await read(client, limit=5)
    assert unknown.value.invalid_constructor_id == 0xDEADBEEF
    assert await read(client, limit=5, offset_id=451) == [450, 449, 448, 447, 446]


async def test_a_long_rich_message_is_shown_in_part_and_asked_for_whole(
    client: Client, world: World, news: Chat, reader: Account
):
    block = types.PageBlockDivider()
    short = world.post(news, rich_message=types.RichMessage([block], [], [], part=True))
    long = types.RichMessage([block] * 3, [], [])
    news.whole[short.id] = types.Message(id=short.id, peer_id=news.peer, message="", date=short.date, rich_message=long)
    shown = (await client(history_of(news, reader, limit=1))).messages[0]
    whole = (await client(functions.messages.GetRichMessageRequest(peer_of(news, reader), short.id))).messages[0]
    assert (len(shown.rich_message.blocks), shown.rich_message.part) == (1, True)
    assert (len(whole.rich_message.blocks), whole.rich_message.part) == (3, False)


async def test_every_call_is_sealed_anew_when_the_salt_changes(client: Client, centre: DataCentre, reader: Account):
    before = await read(client, limit=1)
    centre.change_salts(reader)
    assert await read(client, limit=1) == before


async def test_answers_are_acknowledged(client: Client, centre: DataCentre, reader: Account):
    await read(client, limit=1)
    await read(client, limit=1)  # what was answered before is acknowledged along with it
    assert len(centre.of(reader)[0].acknowledged) >= 2


async def test_an_export_wraps_its_calls(client: Client, news: Chat):
    async with client.takeout(channels=True) as export:
        found = [message.id async for message in export.iter_messages("news", wait_time=0, limit=3)]
    assert found == [450, 449, 448]
