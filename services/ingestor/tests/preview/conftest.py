"""A t.me of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tg_parser.ingestor.adapters.preview.post import Post, read_post
from tg_parser.ingestor.adapters.preview.source import PublicPreviews
from tg_parser.ingestor.budgets import Budget, Budgets
from tg_parser.ingestor.limiter import Limiter
from tg_parser.testkit.moving_clock import MovingClock
from tg_parser.testkit.preview_server import FakeChannel, FakePost, FakePreviews, fake_previews, widget

from .world import Reader

UNHURRIED = Budgets(preview=Budget(rate=1, burst=1, together=1))


@pytest.fixture
def time() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def site() -> AsyncIterator[FakePreviews]:
    """The stand-in for t.me."""
    async with fake_previews() as fake:
        yield fake


@pytest.fixture
async def previews(site: FakePreviews, time: MovingClock) -> AsyncIterator[PublicPreviews]:
    """What is tested, and a limiter that lets a request through each second."""
    limiter = Limiter(UNHURRIED, clock=time.clock, sleep=time.sleep)
    async with httpx.AsyncClient(base_url=site.base_url, timeout=5) as client:
        yield PublicPreviews(client, limiter, clock=time.clock, sleep=time.sleep)


@pytest.fixture
def read(previews: PublicPreviews) -> Reader:
    return Reader(previews)


@pytest.fixture
def read_body() -> Callable[..., Post]:
    """The message of a post with this in its bubble."""

    def read(body: str, *, number: int = 7, **details: object) -> Post:
        post = FakePost(number, body, **details)  # pyright: ignore[reportArgumentType] -- the fields of a post, by name
        return read_post(widget(FakeChannel("city_news"), post), "1234567890")

    return read
