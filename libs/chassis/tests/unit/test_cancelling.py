from __future__ import annotations

import asyncio

from tg_parser.chassis.cancelling import cancelled


async def test_a_task_that_forgets_its_first_cancellation_is_ended_all_the_same() -> None:
    forgot = asyncio.Event()

    async def forgetful() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            forgot.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await cancelled([task])
    assert forgot.is_set()
    assert task.cancelled()


async def test_a_task_that_has_failed_already_is_no_obstacle() -> None:
    async def fails() -> None:
        raise ValueError("long ago")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await cancelled([task])
    assert isinstance(task.exception(), ValueError)
