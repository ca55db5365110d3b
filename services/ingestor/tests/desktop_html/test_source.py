from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_html.files import page_files
from tg_parser.ingestor.adapters.desktop_html.pages import read_pages
from tg_parser.ingestor.adapters.desktop_html.source import DesktopHtmlExports
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import SourceRefused, Start


async def nothing_covered(channel_id: str) -> Sequence[tuple[int, int]]:
    return ()


async def read(source: DesktopHtmlExports, spec: SourceSpec, cursor: int = 0) -> list[Page]:
    async with aclosing(source.pages(spec, Start(nothing_covered, cursor), page_size=2)) as pages:
        return [page async for page in pages]


async def test_pages_cross_the_process_boundary_unchanged(
    write_both: Callable[..., Path], post: Callable[..., dict[str, Any]]
) -> None:
    folder = write_both(*(post(number, forwarded_from="x", reply_to_message_id=1) for number in range(1, 8)), page=3)
    spec = SourceSpec(kind="td_html", location=str(folder), channel_id="5")
    source = DesktopHtmlExports((folder,), zone="Europe/Berlin")
    for cursor in (0, 4):
        here = read_pages(
            page_files(str(folder), [folder]), spec, ZoneInfo("Europe/Berlin"), cursor=cursor, page_size=2
        )
        assert await read(source, spec, cursor) == list(here)
    assert multiprocessing.active_children() == []


async def test_a_zone_that_does_not_exist_is_refused(write_both: Callable[..., Path]) -> None:
    folder = write_both()
    spec = SourceSpec(kind="td_html", location=str(folder), channel_id="5")
    with pytest.raises(SourceRefused, match="'Mars/Olympus' is no time zone"):
        await read(DesktopHtmlExports((folder,), zone="Mars/Olympus"), spec)
