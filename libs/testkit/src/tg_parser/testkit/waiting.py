"""Waiting for a condition instead of sleeping: a test says what must come true and how long it may take."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

EVERY = 0.01  # seconds


async def eventually(condition: Callable[[], T | Awaitable[T]], timeout: float = 10.0) -> T:
    """The first true answer of `condition`, asked again and again.

    Raises AssertionError after `timeout` seconds, with the last answer and where the condition is written.
    """
    answer: T | None = None
    try:
        async with asyncio.timeout(timeout):
            while True:
                found = condition()
                answer = await found if inspect.isawaitable(found) else found
                if answer:
                    return answer
                await asyncio.sleep(EVERY)
    except TimeoutError:
        code = condition.__code__ if inspect.isfunction(condition) else None
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(condition)
        raise AssertionError(f"Not within {timeout:g} s: {where}; the last answer was {answer!r}.") from None
