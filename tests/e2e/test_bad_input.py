from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from system import OneProcess

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


def message(number: int, **fields: Any) -> dict[str, Any]:
    text = f"Пост {number} о мосте через реку и о трамвае."
    return {
        "id": number, "type": "message", "date": "2026-01-01T00:00:00", "date_unixtime": str(1_767_225_600 + number * 60),
        "from": "C", "from_id": "channel1700000007", "text": text, "text_entities": [{"type": "plain", "text": text}],
    } | fields  # fmt: skip


def export_text(*messages: dict[str, Any]) -> str:
    chat = {"name": "C", "type": "public_channel", "id": 1_700_000_007, "messages": list(messages)}
    return json.dumps(chat, ensure_ascii=False)


def assert_one_sentence(stderr: str, *words: str) -> None:
    assert "Traceback" not in stderr
    assert stderr.strip(), "nothing was said"
    for word in words:
        assert word in stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("not json", "hello"),
        ("no export", '{"a": 1}'),
    ],
)
async def test_a_file_that_is_no_export_is_refused_in_one_sentence(
    one_process: OneProcess, tmp_path: Path, name: str, content: str
) -> None:
    export = tmp_path / "result.json"
    export.write_text(content, "utf-8")
    outcome = await one_process.run(export)
    assert outcome.code == 1
    assert_one_sentence(outcome.stderr, "result.json")


async def test_a_missing_file_is_a_usage_error(one_process: OneProcess, tmp_path: Path) -> None:
    outcome = await one_process.run(tmp_path / "nowhere.json")
    assert outcome.code == 2
    assert_one_sentence(outcome.stderr, "nowhere.json")
    assert not (one_process.data / "nats").exists()


@pytest.mark.parametrize(
    ("name", "bad", "words"),
    [
        ("unknown type", message(2, type="hologram"), "hologram"),
        ("broken date", message(2, date="yesterday", date_unixtime="soon"), "date"),
        (
            "huge text",
            message(2, text="я" * 1_000_000, text_entities=[{"type": "plain", "text": "я" * 1_000_000}]),
            "1,000,000",
        ),
    ],
)
async def test_a_bad_message_is_named_and_the_good_ones_are_kept(
    one_process: OneProcess, tmp_path: Path, name: str, bad: dict[str, Any], words: str
) -> None:
    export = tmp_path / "result.json"
    export.write_text(export_text(message(1), bad, message(3)), "utf-8")
    outcome = await one_process.run(export)
    assert outcome.code == 3, outcome.stderr
    manifest = json.loads((one_process.out / "manifest.json").read_text("utf-8"))
    [rejected] = manifest["rejected"]
    assert rejected["message_id"] == 2
    assert words in rejected["reason"]
    assert outcome.summary["processed"] == 2
    assert "Traceback" not in outcome.stderr


async def test_a_truncated_export_keeps_what_came_before_the_cut(one_process: OneProcess, tmp_path: Path) -> None:
    export = tmp_path / "result.json"
    whole = export_text(*(message(number) for number in range(1, 51)))
    export.write_text(whole[: len(whole) * 2 // 3], "utf-8")
    outcome = await one_process.run(export)
    assert outcome.code == 3, outcome.stderr
    assert 20 <= outcome.summary["processed"] < 50
    assert "Traceback" not in outcome.stderr


async def test_control_characters_and_unquoted_ids_are_repaired(one_process: OneProcess, tmp_path: Path) -> None:
    export = tmp_path / "result.json"
    first = message(1, text="таб MARK1 тут", text_entities=[{"type": "plain", "text": "таб MARK1 тут"}])
    second = message(
        2,
        text_entities=[
            {"type": "custom_emoji", "text": "🙂", "document_id": "MARK2"},
            {"type": "plain", "text": " Мост открыт."},
        ],
    )
    export.write_text(
        export_text(first, second).replace("MARK1", "\\x0B").replace('"MARK2"', "stickers/sticker.webm"), "utf-8"
    )
    outcome = await one_process.run(export)
    assert outcome.code == 0, outcome.stderr
    assert outcome.summary["processed"] == 2
