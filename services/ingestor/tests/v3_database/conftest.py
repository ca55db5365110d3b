from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.testkit.old_installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Empty databases of v3.0."""
    return Installation(tmp_path / "v3")
