"""Ending a task that runs for ever, even if its cancellation is lost on the way."""

from __future__ import annotations

import asyncio


def asked_to_stop() -> bool:
    """Whether the current task was cancelled: its loop must end although nothing was raised.

    Before Python 3.12 `asyncio.wait_for`, with which the NATS client waits, returns a reply that comes together with a
    cancellation, and the cancellation is gone.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
