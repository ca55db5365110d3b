from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import SourceRefused, Start

Post = Callable[..., dict[str, Any]]
WriteExport = Callable[..., Path]


def spec(path: Path) -> SourceSpec:
    return SourceSpec(kind="td_json", location=str(path))


async def nothing_covered(channel_id: str) -> Sequence[tuple[int, int]]:
    return ()


def start(cursor: int = 0) -> Start:
    return Start(nothing_covered, cursor)


async def read(source: DesktopExports, path: Path, *, cursor: int = 0, size: int = 2) -> list[Page]:
    async with aclosing(source.pages(spec(path), start(cursor), page_size=size)) as pages:
        return [page async for page in pages]


async def read_on(pages: AsyncGenerator[Page]) -> None:
    async for _ in pages:
        pass


async def test_pages_cross_the_process_boundary_unchanged(write_export: WriteExport, post: Post) -> None:
    path = write_export(
        post(1), post(2, type="odd"), post(3), post(4, photo="a.jpg", reactions=[{"emoji": "👍", "count": 2}])
    )
    source = DesktopExports((path.parent,))
    assert await read(source, path) == list(read_pages(path, spec(path), cursor=0, page_size=2))
    assert await read(source, path, cursor=3) == list(read_pages(path, spec(path), cursor=3, page_size=2))
    assert multiprocessing.active_children() == []


async def test_a_refusal_comes_before_the_first_page(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=r"missing\.json does not exist"):
        await read(DesktopExports((tmp_path,)), tmp_path / "missing.json")


async def test_a_reader_waits_until_its_pages_are_taken_and_ends_with_its_caller(
    large_export: Callable[[int], Path],
) -> None:
    path = large_export(3_000)
    async with aclosing(DesktopExports((path.parent,)).pages(spec(path), start(), page_size=500)) as pages:
        first = await anext(pages)
        (child,) = multiprocessing.active_children()
        assert first.cursor == 500
        assert child.is_alive()
    assert multiprocessing.active_children() == []


async def test_a_reader_that_dies_is_tried_again_later(large_export: Callable[[int], Path]) -> None:
    path = large_export(3_000)
    async with aclosing(DesktopExports((path.parent,)).pages(spec(path), start(), page_size=500)) as pages:
        await anext(pages)
        (child,) = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGKILL)
        with pytest.raises(TransientError, match="ended with code -9"):
            await read_on(pages)


async def test_a_reader_that_hangs_is_ended(tmp_path: Path, write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1))
    with pytest.raises(TransientError, match="gave no page within 0 s"):
        await read(DesktopExports((tmp_path,), patience=0.01), path)  # no process starts that fast
    assert multiprocessing.active_children() == []
