from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.contracts.catalogue import main, page
from tg_parser.contracts.codec import wire_types
from tg_parser.contracts.model import REGISTRY


def test_every_message_of_the_newest_version_is_on_the_page() -> None:
    text = page()
    assert [name for name in wire_types() if name in REGISTRY and f"\n`{name}` on `tg." not in text] == []


def test_a_page_that_has_drifted_is_found_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = tmp_path / "events.md"
    where.write_text(page() + "and something else\n", "utf-8")
    assert main(["--check", "--page", str(where)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert main(["--page", str(where)]) == 0
    assert main(["--check", "--page", str(where)]) == 0
