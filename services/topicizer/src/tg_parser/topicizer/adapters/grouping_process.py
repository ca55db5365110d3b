"""The grouping in a process of its own: it is CPU work over one state, and the event loop must stay free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from typing import Any

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.worker_processes import worker_pool
from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.ports import Memory

CHUNK = 2000  # documents handed over at once


def in_worker(method: str, arguments: tuple[Any, ...]) -> Any:
    """Call `method` of the one grouping of this process. The arithmetic is imported here alone: it takes 50 MB."""
    from tg_parser.topicizer.grouping import GROUPING  # noqa: PLC0415

    return getattr(GROUPING, method)(*arguments)


class GroupingProcess:
    """`Grouping` in a process. One that died is replaced at the next `load`."""

    def __init__(self) -> None:
        self._pool = worker_pool(1)

    async def load(self, memory: Memory) -> int:
        """See the port."""
        try:
            await self._call("reset")
        except TransientError:
            await self.close()
            self._pool = worker_pool(1)
            await self._call("reset")
        rows = await memory.assigned()
        for start in range(0, len(rows), CHUNK):
            await self._call("record", rows[start : start + CHUNK])
        return await self._call("take_topics", await memory.topics())

    async def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        """See the port."""
        return await self._call("assign", documents)

    async def record(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        """See the port."""
        await self._call("record", rows)

    async def leave(self, refs: Sequence[str]) -> None:
        """See the port."""
        await self._call("leave", refs)

    async def forget(self, refs: Sequence[str], topics: Sequence[str], neighbours: Sequence[str]) -> None:
        """See the port."""
        await self._call("forget", refs, topics, neighbours)

    async def regroup(self, imported: Sequence[str] = ()) -> AsyncGenerator[list[Fact], None]:
        """See the port."""
        await self._call("begin_regroup", imported)
        while chunk := await self._call("next_told"):
            facts = [decode_body(wire_type, body) for wire_type, body in chunk]
            yield [fact for fact in facts if isinstance(fact, Fact)]

    async def close(self) -> None:
        """End the process."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _call(self, method: str, *arguments: object) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, in_worker, method, arguments)
        except BrokenProcessPool as broken:
            raise TransientError("The grouping's process has died; it is started again.") from broken


@asynccontextmanager
async def open_grouping() -> AsyncIterator[GroupingProcess]:
    """The process, ended with the block."""
    grouping = GroupingProcess()
    try:
        yield grouping
    finally:
        await grouping.close()
