from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.following import PlainDisplay, Rate, stage_line
from tg_parser.cli.instance import announced, announced_url
from tg_parser.cli.run_command import check_request, exit_code
from tg_parser.cli.summary import show, summarise
from tg_parser.processor.settings import LlmSettings


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_measured_over_the_last_seconds_and_not_guessed_at_once() -> None:
    clock = Clock()
    rate = Rate(clock)
    assert rate.observe(0) == 0
    clock.now = 0.5
    assert rate.observe(400) == 0
    clock.now = 2.0
    assert rate.observe(1000) == 500


def test_a_running_stage_shows_counts_rate_and_time_left() -> None:
    stage = {"state": "running", "expected": 1000, "done": 480, "failed": 0, "skipped": 20}
    assert stage_line("process", stage, 50.0) == ("process", "running", "500 of 1,000", "50/s", "10 s left")
    assert stage_line("export", {"state": "pending"}, 0.0) == ("export", "pending", "", "", "")


def test_plain_progress_says_each_change_once() -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    display = PlainDisplay(console, Clock())
    with console.capture() as captured:
        for state in ("pending", "running", "running", "completed", "completed"):
            display.show({"stages": {"ingest": {"state": state, "expected": 3, "done": 3}}})
    assert [line.split()[1] for line in captured.get().splitlines()] == ["running", "completed"]


STATUS: dict[str, Any] = {
    "id": "w", "state": "partial", "error": None, "duration_ms": 4200, "cost_micros": 1_500_000,
    "stages": {"ingest": {"expected": 3}, "process": {"expected": 3, "done": 1, "failed": 1, "skipped_by_reason": {"empty": 1}}},
}  # fmt: skip


def test_the_summary_counts_names_and_prices_what_was_done(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        '{"files": [{"name": "topics.json"}], "rejected": [{"reason": "Message 2 of [x] has no date."}]}'
    )
    (tmp_path / "topics.json").write_text('[{"id": "topic:1", "title": "[bold]Мост[/bold]", "sources": ["a", "b"]}]')
    summary = summarise(STATUS, tmp_path)
    assert (summary["messages_read"], summary["processed"], summary["failed"], summary["skipped"]) == (
        3,
        1,
        1,
        {"empty": 1},
    )
    assert (summary["seconds"], summary["cost_usd"]) == (4.2, 1.5)
    console = Console(width=100)
    with console.capture() as captured:
        show(console, summary)
    printed = captured.get()
    assert "[bold]Мост[/bold]" in printed
    assert "Message 2 of [x] has no date." in printed
    assert "1  (1 empty)" in printed


@pytest.mark.parametrize(("state", "code"), [("completed", 0), ("partial", 3), ("failed", 1), ("cancelled", 1)])
def test_the_exit_code_says_how_it_ended(state: str, code: int) -> None:
    assert exit_code({"state": state}) == code


def test_a_request_is_the_same_workflow_only_if_all_of_it_is_the_same(tmp_path: Path) -> None:
    export = tmp_path / "result.json"
    export.write_text("{}")
    asked = check_request(export, tmp_path / "a", LlmSettings(), provider="local", model="", pretty=False)
    same = check_request(tmp_path, tmp_path / "a", LlmSettings(), provider="", model="", pretty=False)
    other = check_request(export, tmp_path / "b", LlmSettings(), provider="local", model="", pretty=False)
    export.write_text("{ }")
    changed = check_request(export, tmp_path / "a", LlmSettings(), provider="local", model="", pretty=False)
    assert asked.key == same.key
    assert len({asked.key, other.key, changed.key}) == 3


def test_what_cannot_be_done_is_a_usage_error_before_anything_starts(tmp_path: Path) -> None:
    export = tmp_path / "result.json"
    export.write_text("{}")
    for file, out in ((tmp_path / "none.json", tmp_path / "o"), (export, export)):
        with pytest.raises(CommandFailed) as refused:
            check_request(file, out, LlmSettings(), provider="", model="", pretty=False)
        assert refused.value.code == ExitCode.USAGE


async def test_a_running_gateway_leaves_word_for_its_user_alone(tmp_path: Path) -> None:
    assert announced_url(tmp_path) is None
    async with announced(tmp_path, "http://127.0.0.1:1"):
        assert announced_url(tmp_path) == "http://127.0.0.1:1"
        assert (tmp_path / "gateway.json").stat().st_mode & 0o077 == 0
    assert announced_url(tmp_path) is None
