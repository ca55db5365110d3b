"""The grouping in a process of its own: it is CPU work over one state, and the event loop must stay free."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from typing import TypeVar

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.grouping import LocalGrouping, Rows
from tg_parser.topicizer.ports import Memory

T = TypeVar("T")
CHUNK = 2000  # documents handed over at once

_state = LocalGrouping()  # in the worker process: the one state all calls are about


def _reset() -> None:
    _state.reset()


def _record(rows: Rows) -> None:
    _state.record(rows)


def _take_topics(bodies: Sequence[str]) -> int:
    return _state.take_topics(bodies)


def _assign(documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
    return _state.assign(documents)


def _regroup() -> list[Fact]:
    return _state.regroup()


class GroupingProcess:
    """`Grouping` in a process. One that died is replaced at the next `load`."""

    def __init__(self) -> None:
        self._pool = _pool()

    async def load(self, memory: Memory) -> int:
        """See the port."""
        try:
            await self._call(_reset)
        except TransientError:
            await self.close()
            self._pool = _pool()
            await self._call(_reset)
        rows = await memory.assigned()
        for start in range(0, len(rows), CHUNK):
            await self._call(_record, rows[start : start + CHUNK])
        return await self._call(_take_topics, await memory.topics())

    async def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        """See the port."""
        return await self._call(_assign, documents)

    async def regroup(self) -> list[Fact]:
        """See the port."""
        return await self._call(_regroup)

    async def close(self) -> None:
        """End the process."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        except BrokenProcessPool as broken:
            raise TransientError("The grouping's process has died; it is started again.") from broken


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))  # spawned: a fork would copy the loop's locks


@asynccontextmanager
async def open_grouping() -> AsyncIterator[GroupingProcess]:
    """The process, ended with the block."""
    grouping = GroupingProcess()
    try:
        yield grouping
    finally:
        await grouping.close()
