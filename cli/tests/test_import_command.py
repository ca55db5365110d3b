from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.import_command import ImportRequest, check_request, pairs, summarise
from tg_parser.processor.settings import LlmSettings
from tg_parser.testkit.old_installation import Installation


def checked(folder: Path, *ids: str, provider: str = "none", out: Path | None = None) -> ImportRequest:
    return check_request(folder, out, LlmSettings(), provider=provider, model="", channel_ids=list(ids), group_ids=[])


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "old")


@pytest.fixture
def folder(installation: Installation) -> Path:
    return installation.folder


def test_the_same_databases_are_the_same_workflow_until_they_change(installation: Installation) -> None:
    folder = installation.folder
    first = checked(folder, "a=1", "b=-1002")
    assert first.channel_ids == {"a": "1", "b": "2"}
    assert checked(folder, "b=2", "a=1").key == first.key
    assert checked(folder, "a=1").key != first.key
    installation.message("a", 5)
    assert checked(folder, "a=1", "b=2").key != first.key


def test_nobody_is_asked_unless_that_is_wanted(folder: Path) -> None:
    quiet, asking = checked(folder).body(), checked(folder, provider="local").body()
    assert (quiet["choice"]["provider"], quiet["source"]["mode"]) == ("none", "incremental")
    assert (asking["choice"]["provider"], asking["source"]["mode"]) == ("local", "snapshot")


@pytest.mark.parametrize("given", ["vel_river", "=1", "vel_river=", "vel_river=one"])
def test_a_pair_that_is_none_is_a_usage_error(given: str) -> None:
    with pytest.raises(CommandFailed) as failed:
        pairs([given])
    assert failed.value.code == ExitCode.USAGE


def test_what_cannot_be_imported_is_a_usage_error_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="There is no folder") as failed:
        checked(tmp_path / "nothing")
    assert failed.value.code == ExitCode.USAGE
    with pytest.raises(CommandFailed, match="--out names a folder"):
        checked(folder, out=folder / "raw_storage.sqlite")
    with pytest.raises(CommandFailed, match="model"):
        checked(folder, provider="openai")
    (folder / "ingestion_state.sqlite").unlink()
    with pytest.raises(CommandFailed, match=r"holds no ingestion_state\.sqlite") as failed:
        checked(folder)
    assert failed.value.code == ExitCode.USAGE


def test_the_summary_tells_what_nobody_understood_apart_from_what_needs_no_understanding() -> None:
    stages = {"process": {"expected": 9, "done": 5, "failed": 0, "skipped_by_reason": {"not_asked": 3, "unchanged": 1}}}
    summary = summarise({"id": "w", "state": "completed", "stages": stages, "topics": 2, "duration_ms": 1500}, None)
    assert (summary["messages"], summary["documents"], summary["not_asked"], summary["skipped"]) == (
        9,
        5,
        3,
        {"unchanged": 1},
    )
    assert (summary["topics"], summary["rejected_rows"], summary["seconds"]) == (2, None, 1.5)
