"""A Telegram of our own, with a channel of 450 posts and somebody who reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World, data_centre

from .clients import Client, connected, session_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reader(world: World) -> Account:
    return world.account()


@pytest.fixture
def news(world: World, reader: Account) -> Chat:
    """The channel."""
    channel = world.chat("Новости", username="news", of=[reader])
    world.fill(channel, 450)
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
