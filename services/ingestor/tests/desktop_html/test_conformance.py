"""Desktop's HTML keeps what every source promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_html.source import DesktopHtmlExports

from ..conformance.promises import Place, Promises


@pytest.fixture
def place(write_both: Callable[..., Path], post: Callable[..., dict[str, Any]]) -> Place:
    """Forty posts on four pages, answers and forwards among them."""
    rows = [post(number, reply_to_message_id=number - 1 if number % 5 == 0 else None) for number in range(1, 41)]
    rows[7]["forwarded_from"] = "x"
    folder = write_both(*rows, page=11)
    source = DesktopHtmlExports((folder.parent,), zone="Europe/Berlin")
    return Place(
        source,
        SourceSpec(kind="td_html", location=str(folder), channel_id="5"),
        SourceSpec(kind="td_html", location=str(folder.parent / "nothing"), channel_id="5"),
    )


class TestDesktopHtml(Promises):
    """See `Promises`."""
