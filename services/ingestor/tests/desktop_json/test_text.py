from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.desktop_json.text import plain_text, styled_text
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable


def cut(text: str, entity: dict[str, Any]) -> str:
    units = text.encode("utf-16-le")
    start = 2 * entity["offset"]
    return units[start : start + 2 * entity["length"]].decode("utf-16-le")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("просто", "просто"),
        (["начало ", {"type": "bold", "text": "жирно"}, " конец"], "начало жирно конец"),
        ({"type": "bold", "text": "один"}, "один"),
        ([], ""),
        (None, ""),
        (["a", 5, {"type": "bold"}, {"type": "code", "text": None}, "b"], "ab"),
    ],
)
def test_a_text_is_a_string_a_list_of_parts_or_one_part(value: Any, text: str) -> None:
    assert styled_text({"text": value}).text == text
    assert plain_text(value) == text


def test_text_entities_win_over_text() -> None:
    styled = styled_text({"text": "поломано", "text_entities": [{"type": "bold", "text": "цело"}]})
    assert styled.text == "цело"
    assert styled.entities == [{"type": "bold", "offset": 0, "length": 4}]


def test_empty_text_entities_do_not_hide_a_text() -> None:
    assert styled_text({"text": "старый формат", "text_entities": []}).text == "старый формат"


@pytest.mark.parametrize("before", ["👍", "👨‍👩‍👧", "🇺🇦", "é", "שלום", "a\nb", "𝔘"])
def test_offsets_count_utf16_code_units(before: str) -> None:
    styled = styled_text({"text": [before, {"type": "bold", "text": "жир👍но"}, "!"]})
    assert cut(styled.text, styled.entities[0]) == "жир👍но"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["plain", "bold", "link"]), st.text(max_size=8)), max_size=12))
def test_every_entity_cuts_its_own_part_out_of_the_text(parts: list[tuple[str, str]]) -> None:
    styled = styled_text({"text_entities": [{"type": kind, "text": text} for kind, text in parts]})
    kept = [text.replace("\0", "") for kind, text in parts if kind != "plain" and text.replace("\0", "")]
    assert [cut(styled.text, entity) for entity in styled.entities] == kept


def test_details_of_entities_are_kept() -> None:
    parts = [
        {"type": "text_link", "text": "a", "href": "https://example.org/"},
        {"type": "pre", "text": "b", "language": "python"},
        {"type": "mention_name", "text": "c", "user_id": 77},
        {"type": "custom_emoji", "text": "d", "document_id": "5368324170671202286"},
        {"type": "blockquote", "text": "e", "collapsed": True},
    ]
    found = [
        {k: v for k, v in e.items() if k not in {"type", "offset", "length"}}
        for e in styled_text({"text": parts}).entities
    ]
    assert found == [
        {"url": "https://example.org/"},
        {"language": "python"},
        {"user_id": "77"},
        {"document_id": "5368324170671202286"},
        {"collapsed": True},
    ]


def test_a_nul_is_left_out_before_offsets_are_counted() -> None:
    styled = styled_text({"text": ["a\0b", {"type": "bold", "text": "c"}]})
    assert (styled.text, styled.entities[0]["offset"]) == ("abc", 2)


def test_the_longest_text_is_taken_and_a_longer_one_is_not() -> None:
    assert len(styled_text({"text": "x" * 65_536}).text) == 65_536
    with pytest.raises(Unreadable, match="65,537 characters"):
        styled_text({"text": "x" * 65_537})


def test_more_entities_than_any_message_has_are_refused() -> None:
    with pytest.raises(Unreadable, match="2,001 styled ranges"):
        styled_text({"text": [{"type": "bold", "text": "x"}] * 2_001})
