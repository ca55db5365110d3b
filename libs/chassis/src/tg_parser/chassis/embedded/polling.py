"""Waiting for what announces itself only in a file or on a port. Whoever waits sets the time-out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

_EVERY: Final = 0.01  # seconds


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Ask again and again until there is an answer, and return that."""
    while True:
        if (answer := await ask()) is not None:
            return answer
        await asyncio.sleep(_EVERY)
