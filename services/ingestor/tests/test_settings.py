from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.ingestor.settings import IngestorSettings


def test_nothing_may_be_read_unless_somebody_says_so() -> None:
    assert IngestorSettings().import_roots == ()


def test_import_roots_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TG_INGESTOR__IMPORT_ROOTS", '["/data/exports", "/srv/more"]')
    assert IngestorSettings().import_roots == (Path("/data/exports"), Path("/srv/more"))
