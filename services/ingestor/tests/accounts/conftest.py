"""A Telegram of our own with a channel, and an account that is signed in to read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World, data_centre

from .signed_in import settings_for


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reader(world: World) -> Account:
    """Somebody with a phone whose number is known, and no password."""
    return world.account(phone="4915112345678")


@pytest.fixture
def news(world: World, reader: Account) -> Chat:
    """A channel of 250 posts."""
    channel = world.chat("Новости", username="news", of=[reader])
    world.fill(channel, 250)
    return channel


@pytest.fixture
async def centre(world: World) -> AsyncIterator[DataCentre]:
    async with data_centre(world) as made:
        yield made


@pytest.fixture
def telegram(centre: DataCentre, tmp_path: Path) -> AccountSettings:
    """Settings that lead to the data centre."""
    return settings_for(centre, tmp_path)
