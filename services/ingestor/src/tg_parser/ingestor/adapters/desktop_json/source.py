"""`MessageSource` over Telegram Desktop exports."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.message import PARSER_VERSION
from tg_parser.ingestor.adapters.desktop_json.process import PackedPage, Refusal, serve, unpack
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import SourceRefused

SPAWN: Final = multiprocessing.get_context("spawn")
"""A fork would copy what the event loop's threads hold half-way through something."""
PATIENCE: Final = 120.0  # seconds for a page, which a slow disk delivers in two
GRACE: Final = 5.0  # seconds a killed process takes to be gone, at most


@dataclass(frozen=True, slots=True)
class DesktopExports:
    """Reads exports that lie inside one of `roots`, each in a process of its own."""

    roots: tuple[Path, ...]
    patience: float = PATIENCE

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    async def pages(self, spec: SourceSpec, *, cursor: int, page_size: int) -> AsyncGenerator[Page]:
        """See the port."""
        async with self._reader(spec.location, cursor, page_size) as reader:
            ended = False
            while not ended:
                page = unpack(await self._receive(reader, spec.location))
                ended = page.end is not None
                yield page

    @asynccontextmanager
    async def _reader(self, location: str, cursor: int, page_size: int) -> AsyncIterator[_Reader]:
        mine, theirs = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(
            target=serve, args=(theirs, location, self.roots, cursor, page_size), name="desktop-export", daemon=True
        )
        await asyncio.to_thread(process.start)
        theirs.close()
        try:
            yield _Reader(process, mine)
        finally:
            process.kill()
            await asyncio.to_thread(process.join, GRACE)
            mine.close()

    async def _receive(self, reader: _Reader, location: str) -> PackedPage:
        try:
            async with asyncio.timeout(self.patience):
                received = await reader.receive()
        except TimeoutError as late:
            raise TransientError(f"{location} gave no page within {self.patience:.0f} s.", retry_in=30) from late
        except (EOFError, OSError) as gone:
            raise TransientError(
                f"The process that read {location} ended with code {await reader.exit_code()}.", retry_in=5
            ) from gone
        if isinstance(received, Refusal):
            raise SourceRefused(received.sentence)
        return received


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
