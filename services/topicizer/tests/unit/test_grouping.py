"""The grouping's process hands a regroup over in pieces that are together what a regroup says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.topics import RegroupCommitted, TopicizationCompleted, TopicOpened
from tg_parser.topicizer import grouping
from tg_parser.topicizer.grouping import LocalGrouping

PLACES = ("bridge", "harbour", "museum", "station", "theatre", "market")
Row = tuple[int, int, str]


def rows() -> list[Row]:
    """Three posts on each of six places."""
    found: list[Row] = []
    for number in range(18):
        place = PLACES[number % len(PLACES)]
        text = " ".join(f"{place}{what}" for what in ("", "keeper", "crack", "roof", "gate", "crowd", f"day{number}"))
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=number)
        document = {
            "source_ref": f"tg:100:post:{number}",
            "source_message_id": str(number),
            "channel_id": "100",
            "text_clean": text,
            "published_at": moment.isoformat(),
        }
        found.append((number + 1, 0, json.dumps(document)))
    return found


def told(chunk_size: int, monkeypatch: pytest.MonkeyPatch) -> list[list[grouping.Told]]:
    monkeypatch.setattr(grouping, "CHUNK", chunk_size)
    local = LocalGrouping()
    local.assign(rows())
    local.begin_regroup()
    return list(iter(local.next_told, []))


def test_pieces_are_together_what_a_regroup_says_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = told(2000, monkeypatch), told(1 << 30, monkeypatch)
    assert len(small) > len(large) == 2
    assert [fact for piece in small for fact in piece] == [fact for piece in large for fact in piece]
    kinds = [type(decode_body(*fact)) for fact in large[0]]
    assert kinds[-1] is RegroupCommitted
    assert kinds.count(TopicOpened) == len(PLACES)


def test_the_word_that_all_was_told_comes_last_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2000, 1 << 30):
        *before, [last] = told(size, monkeypatch)
        assert isinstance(decode_body(*last), TopicizationCompleted)
        assert not any(kind == last[0] for piece in before for kind, _ in piece)


def test_a_regroup_that_was_not_taken_to_its_end_is_forgotten_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "CHUNK", 1)
    local = LocalGrouping()
    local.assign(rows())
    local.begin_regroup()
    assert local.next_told()
    local.reset()
    assert local.next_told() == []
