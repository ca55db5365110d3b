"""Exports for tests: small ones written out, large ones generated."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHANNEL = {"name": "Городские новости", "type": "public_channel", "id": 1234567890}
WORDS = (
    "рынок",
    "сегодня",
    "выросли",
    "акции",
    "компания",
    "новый",
    "релиз",
    "данные",
    "сервер",
    "проект",
    "release",
    "update",
)

Members = dict[str, Any]


def post_members(message_id: int = 1, **members: Any) -> Members:
    """A message as Telegram Desktop writes it; a member that is None is left out."""
    row = {
        "id": message_id,
        "type": "message",
        "date": "2026-01-01T03:00:00",
        "date_unixtime": str(1_767_225_600 + 60 * max(message_id, 0)),
        "from": CHANNEL["name"],
        "from_id": "channel1234567890",
        "text": f"Запись {message_id}",
        "text_entities": [{"type": "plain", "text": f"Запись {message_id}"}],
    }
    return {name: value for name, value in (row | members).items() if value is not None}


@pytest.fixture
def post() -> Callable[..., Members]:
    """Makes a row of an export."""
    return post_members


@pytest.fixture
def write_export(tmp_path: Path) -> Callable[..., Path]:
    """Writes a single-chat export with the given rows."""

    def write(*rows: Any, **chat: Any) -> Path:
        path = tmp_path / "result.json"
        path.write_text(json.dumps(CHANNEL | chat | {"messages": list(rows)}, ensure_ascii=False, indent=1), "utf-8")
        return path

    return write


@pytest.fixture
def large_export(tmp_path: Path) -> Callable[[int], Path]:
    """Writes an export of realistic posts, in a stream: 2.8 KB each, half of them with a photo, a third edited."""

    def write(posts: int) -> Path:
        path = tmp_path / "large" / "result.json"
        path.parent.mkdir()
        with path.open("w", encoding="utf-8") as file:
            file.write(json.dumps(CHANNEL, ensure_ascii=False)[:-1] + ', "messages": [\n')
            file.writelines(_lines(posts))
            file.write("]}")
        return path

    return write


def _lines(posts: int) -> Iterator[str]:
    chance = random.Random(7)
    for number in range(1, posts + 1):
        row = post_members(number, **_styled(chance, number), **_extras(number))
        yield ("" if number == 1 else ",\n") + json.dumps(row, ensure_ascii=False, indent=1)


def _styled(chance: random.Random, number: int) -> Members:
    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count)) + " "

    parts: list[Members] = [
        {"type": "plain", "text": words(chance.randint(5, 40))},
        {"type": "bold", "text": words(2)},
        {"type": "plain", "text": words(chance.randint(5, 40))},
        {"type": "text_link", "text": "подробнее", "href": f"https://news.example/{number}"},
        {"type": "plain", "text": words(chance.randint(5, 40))},
        {"type": "hashtag", "text": "#новости"},
    ]
    return {"text": [part["text"] if part["type"] == "plain" else part for part in parts], "text_entities": parts}


def _extras(number: int) -> Members:
    extras: Members = {"reactions": [{"type": "emoji", "count": 5, "emoji": "👍"}]}
    if number % 3 == 0:
        extras |= {"edited": "2026-01-02T00:00:00", "edited_unixtime": str(1_767_312_000 + number)}
    if number % 2 == 0:
        missing = "(File not included. Change data exporting settings to download.)"
        extras |= {"photo": missing, "photo_file_size": 12_345, "width": 800, "height": 600}
    return extras
