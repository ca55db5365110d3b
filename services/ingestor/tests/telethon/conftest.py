"""Fixtures of the tests that read Telegram."""

from __future__ import annotations

import pytest

from .world import Reader, channel, post


@pytest.fixture
def reader() -> Reader:
    """Somebody who reads a channel of 250 posts."""
    made = Reader()
    made.telegram.add(channel(), [post(number) for number in range(1, 251)])
    return made
