from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from telethon import errors
from telethon.client import users

from tg_parser.testkit.datacentre import (
    Account,
    Chat,
    DataCentre,
    Dropped,
    Late,
    Silent,
    Unreadable,
    World,
    flood,
    trouble,
)  # fmt: skip
from tg_parser.testkit.waiting import eventually

from .clients import Client, Heard, history_of

HISTORY = "messages.getHistory"


async def test_a_flood_names_its_seconds_and_meets_the_call_it_was_meant_for(
    client: Client, centre: DataCentre, news: Chat, reader: Account
):
    centre.faults.on(HISTORY, flood(5), after=2)
    for _ in range(2):
        assert len((await client(history_of(news, reader))).messages) == 100
    with pytest.raises(errors.FloodWaitError) as flooded:
        await client(history_of(news, reader))
    assert flooded.value.seconds == 5
    with pytest.raises(errors.FloodWaitError):  # Telethon itself remembers, and does not even ask
        await client(history_of(news, reader))
    assert centre.asked(HISTORY) == 3


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_client_connects_again_when_its_connection_was_dropped(
    client: Client, centre: DataCentre, news: Chat, reader: Account, world: World, when: Any
):
    centre.faults.on(HISTORY, Dropped(when))
    assert len((await client(history_of(news, reader))).messages) == 100
    assert centre.asked(HISTORY) == {"before": 2, "after": 1}[when]
    assert len((await client(history_of(news, reader))).messages) == 100
    heard = Heard(client)
    assert world.post(news).id == await heard.next_new()


async def test_an_answer_that_never_comes_is_waited_for_without_end(
    client: Client, centre: DataCentre, news: Chat, reader: Account
):
    centre.faults.on(HISTORY, Silent())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client(history_of(news, reader))
    assert len((await client(history_of(news, reader))).messages) == 100


async def test_a_late_answer_comes_after_those_of_later_calls(
    client: Client, centre: DataCentre, news: Chat, reader: Account
):
    late = Late()
    centre.faults.on(HISTORY, late)
    first = asyncio.create_task(client(history_of(news, reader, limit=1)))
    await eventually(lambda: late.waiting)
    assert len((await client(history_of(news, reader, limit=2))).messages) == 2
    assert not first.done()
    late.release()
    assert len((await first).messages) == 1


async def test_an_unknown_kind_of_answer_is_told_by_its_number(
    client: Client, centre: DataCentre, news: Chat, reader: Account
):
    centre.faults.on(HISTORY, Unreadable())
    with pytest.raises(errors.TypeNotFoundError) as unknown:
        await client(history_of(news, reader))
    assert unknown.value.invalid_constructor_id == 0xDEADBEEF
    assert len((await client(history_of(news, reader))).messages) == 100


async def test_trouble_that_goes_on_ends_as_no_error_of_telegrams(
    client: Client, centre: DataCentre, news: Chat, reader: Account, monkeypatch: pytest.MonkeyPatch
):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(users, "asyncio", SimpleNamespace(sleep=sleep))
    centre.faults.on(HISTORY, trouble(), trouble())
    with pytest.raises(ValueError, match="unsuccessful"):
        await client(history_of(news, reader))
    assert centre.asked(HISTORY) == len(waited) == 2
    assert len((await client(history_of(news, reader))).messages) == 100
