"""From the read model to a folder: rows are read on the loop, and turned into files in a thread.

It is one thread for the whole export: each thread keeps the memory of the largest page it has worked on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from tg_parser.exporter.draft import Draft, Written
from tg_parser.exporter.ports import Folder, Folders, KnowledgeBase, Snapshot

T = TypeVar("T")


async def write_export(base: KnowledgeBase, folders: Folders, path: Path, *, pretty: bool) -> Written:
    """Write the knowledge base as it stands into `path`. At the same position of the log the bytes are the same.

    Raises FolderUnusable or TransientError; what was in the folder before is then still complete.
    """
    with ThreadPoolExecutor(1, "export") as thread:
        async with _opened(thread, folders, path) as folder, base.snapshot() as snapshot:
            extent = await snapshot.extent()
            draft = await _in(thread, lambda: Draft(folder, extent.channels, pretty=pretty))
            await _fill(thread, draft, snapshot)
            return await _in(thread, lambda: draft.finish(extent))


async def _fill(thread: ThreadPoolExecutor, draft: Draft, snapshot: Snapshot) -> None:
    async with aclosing(snapshot.messages()) as pages:
        async for messages in pages:
            await _in(thread, lambda page=messages: draft.add_messages(page))
    async with aclosing(snapshot.comments()) as pages:
        async for comments in pages:
            await _in(thread, lambda page=comments: draft.add_comments(page))
    await _in(thread, draft.end_comments)
    async with aclosing(snapshot.topics()) as pages:
        async for topics in pages:
            await _in(thread, lambda page=topics: draft.add_topics(page))


@asynccontextmanager
async def _opened(thread: ThreadPoolExecutor, folders: Folders, path: Path) -> AsyncIterator[Folder]:
    folder = await _in(thread, lambda: folders.open(path))
    try:
        yield folder
    finally:
        await _in(thread, folder.close)


async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """Do blocking work. A thread cannot be cancelled: it is waited for, so that nobody writes to a folder already closed."""
    task = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
