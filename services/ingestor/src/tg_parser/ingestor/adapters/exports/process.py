"""An export read in a process of its own, page by page, without holding up the event loop."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.adapters.exports.worker import Order, PackedPage, ReadExport, Refusal, serve, unpack
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import SourceRefused

SPAWN: Final = multiprocessing.get_context("spawn")
"""A fork would copy what the event loop's threads hold half-way through something."""
PATIENCE: Final = 120.0  # seconds for a page, which a slow disk delivers in two
GRACE: Final = 5.0  # seconds a killed process takes to be gone, at most


async def pages_of(read: ReadExport, order: Order, patience: float = PATIENCE) -> AsyncGenerator[Page]:
    """The pages `read` makes of an order, the last with its end. The process ends with the generator.

    Raises SourceRefused; TransientError if the process dies or gives no page within `patience` seconds.
    """
    async with _reader(read, order) as reader:
        ended = False
        while not ended:
            page = unpack(await _receive(reader, order.spec.location, patience))
            ended = page.end is not None
            yield page


@dataclass(frozen=True, slots=True)
class _Reader:
    """A process that reads, and this end of its pipe."""

    process: SpawnProcess
    pipe: Connection

    async def receive(self) -> PackedPage | Refusal:
        """The next thing it sends. Abandoning the wait ends the process, which ends the thread that waits on its pipe."""
        waiting = asyncio.ensure_future(asyncio.to_thread(self.pipe.recv))
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            self.process.kill()
            await asyncio.gather(waiting, return_exceptions=True)
            raise

    async def exit_code(self) -> int | None:
        await asyncio.to_thread(self.process.join, GRACE)
        return self.process.exitcode


@asynccontextmanager
async def _reader(read: ReadExport, order: Order) -> AsyncIterator[_Reader]:
    mine, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=serve, args=(theirs, read, order), name="export", daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    try:
        yield _Reader(process, mine)
    finally:
        process.kill()
        await asyncio.to_thread(process.join, GRACE)
        mine.close()


async def _receive(reader: _Reader, location: str, patience: float) -> PackedPage:
    try:
        async with asyncio.timeout(patience):
            received = await reader.receive()
    except TimeoutError as late:
        raise TransientError(f"{location} gave no page within {patience:.0f} s.", retry_in=30) from late
    except (EOFError, OSError) as gone:
        raise TransientError(
            f"The process that read {location} ended with code {await reader.exit_code()}.", retry_in=5
        ) from gone
    if isinstance(received, Refusal):
        raise SourceRefused(received.sentence, received.cause)
    return received
