"""Desktop's JSON keeps what every source promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.source import DesktopExports

from ..conformance.promises import Place, Promises


@pytest.fixture
def place(write_export: Callable[..., Path], post: Callable[..., dict[str, Any]]) -> Place:
    """Forty rows: an album, a service message, one that is no message, and a repeat."""
    rows = [post(number, photo="a.jpg" if 10 <= number < 13 else None) for number in range(1, 37)]
    rows[20] |= {"type": "service", "action": "pin_message", "actor": "x", "message_id": 3}
    path = write_export(*rows, post(40, type="odd"), post(36), post(41), post(42, text="", text_entities=[]))
    source = DesktopExports((path.parent,))
    return Place(
        source,
        SourceSpec(kind="td_json", location=str(path)),
        SourceSpec(kind="td_json", location=str(path.parent / "nothing.json")),
    )


class TestDesktopJson(Promises):
    """See `Promises`."""
