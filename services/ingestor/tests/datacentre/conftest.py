"""A Telegram of our own, with a channel of 450 posts and somebody who reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from telethon.client import users

from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World, data_centre
from tg_parser.testkit.moving_clock import MovingClock

from .accounts import Keeper, keeper
from .clients import Client, connected, session_of
from .reading import Reader


@pytest.fixture
def time() -> MovingClock:
    return MovingClock()


@pytest.fixture
def world(time: MovingClock) -> World:
    return World(time.clock)


@pytest.fixture
def reader(world: World) -> Account:
    return world.account()


@pytest.fixture
def news(world: World, reader: Account, time: MovingClock) -> Chat:
    """The channel: a post an hour, the newest half an hour old."""
    channel = world.chat("Новости", username="news", of=[reader])
    for hour in range(450):
        world.post(channel, f"Запись {hour + 1}", at=time.now - timedelta(hours=449 - hour, minutes=30))
    return channel


@pytest.fixture
async def centre(world: World) -> AsyncIterator[DataCentre]:
    """The data centre that shows the world."""
    async with data_centre(world) as made:
        yield made


@pytest.fixture
async def client(centre: DataCentre, reader: Account, news: Chat) -> AsyncIterator[Client]:
    """The reader's client."""
    async with connected(session_of(centre, reader)) as made:
        yield made


@pytest.fixture
def signed_in(
    centre: DataCentre, reader: Account, time: MovingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keeper:
    """The reader's session where the ingestor finds it. Telethon itself waits, and remembers floods, by the same clock."""

    def seconds() -> float:
        return time.now.timestamp()

    monkeypatch.setattr(users, "time", SimpleNamespace(time=seconds))
    monkeypatch.setattr(users, "asyncio", SimpleNamespace(sleep=time.sleep))
    made = keeper(tmp_path, time)
    made.sign_in(centre, reader)
    return made


@pytest.fixture
def ingestor(signed_in: Keeper, time: MovingClock) -> Reader:
    """Reads as the ingestor does."""
    return Reader(signed_in, time)
