"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_AFTER = 0.5  # seconds


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` and wait until every one has ended, whatever it ends with.

    One request is not enough: before Python 3.12 `asyncio.wait_for`, which nats-py and asyncpg wait with, forgets a
    cancellation that comes in the moment its answer does (python/cpython#86296).
    """
    every = set(tasks)
    running = {task for task in every if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_AFTER)
    await asyncio.gather(*every, return_exceptions=True)


def asked_to_stop() -> bool:
    """Whether the current task was cancelled: a loop that runs for ever must end although nothing was raised.

    See `cancelled`: `asyncio.wait_for` may return a reply that comes together with a cancellation, which is then gone.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
