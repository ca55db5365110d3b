"""Markup becomes text and ranges in UTF-16 code units."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tg_parser.ingestor.adapters.preview.text import StyledText, joined, plain_text, styled_text
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable


def styled(markup: str) -> StyledText:
    node = LexborHTMLParser(f'<div class="t">{markup}</div>').css_first(".t")
    assert node is not None
    return styled_text(node)


def cut(text: str, entity: dict[str, object]) -> str:
    """What an entity covers, counted as Telegram counts."""
    units = text.encode("utf-16-le")
    begin = int(str(entity["offset"])) * 2
    return units[begin : begin + int(str(entity["length"])) * 2].decode("utf-16-le")


@pytest.mark.parametrize(
    ("markup", "text", "kinds"),
    [
        ("<b>жирный</b> и <i>курсив</i>", "жирный и курсив", [("bold", "жирный"), ("italic", "курсив")]),
        ("<u>a</u><s>b</s><code>c</code>", "abc", [("underline", "a"), ("strikethrough", "b"), ("code", "c")]),
        ("<b>все <i>оба</i></b>", "все оба", [("bold", "все оба"), ("italic", "оба")]),
        ("<tg-spoiler>тайна</tg-spoiler>!", "тайна!", [("spoiler", "тайна")]),
        ('<span class="tg-spoiler">тайна</span>', "тайна", [("spoiler", "тайна")]),
        ("<strong>a</strong><em>b</em><del>c</del>", "abc", [("bold", "a"), ("italic", "b"), ("strikethrough", "c")]),
        ("one<br/>two<br>three", "one\ntwo\nthree", []),
        ("a <!-- no --> b<script>no</script>", "a  b", []),
    ],
)
def test_styles_become_ranges(markup: str, text: str, kinds: list[tuple[str, str]]) -> None:
    found = styled(markup)
    assert found.text == text
    assert [(entity["type"], cut(found.text, entity)) for entity in found.entities] == kinds


def test_an_emoji_is_a_picture_whose_character_counts_two_units() -> None:
    found = styled('<i class="emoji" style="background-image:url(x)"><b>🔥</b></i> <b>после</b>')
    assert found.text == "🔥 после"
    assert found.entities == ({"type": "bold", "offset": 3, "length": 5},)


def test_a_custom_emoji_keeps_its_number() -> None:
    found = styled('Ура <tg-emoji emoji-id="5463249828450424568"><i class="emoji"><b>🤝</b></i></tg-emoji>')
    assert found.text == "Ура 🤝"
    assert found.entities == ({"type": "custom_emoji", "document_id": "5463249828450424568", "offset": 4, "length": 2},)


def test_a_quotation_and_code_stand_on_lines_of_their_own() -> None:
    found = styled(
        'до<blockquote expandable>цитата</blockquote>после<pre><code class="language-python">a = 1\n  b</code></pre>'
    )
    assert found.text == "до\nцитата\nпосле\na = 1\n  b"
    assert [(entity["type"], cut(found.text, entity)) for entity in found.entities] == [
        ("blockquote", "цитата"),
        ("pre", "a = 1\n  b"),
    ]
    assert (found.entities[0]["collapsed"], found.entities[1]["language"]) == (True, "python")


def test_what_follows_a_quotation_begins_after_the_line_break() -> None:
    found = styled("<blockquote>q</blockquote><b>жирный</b> <blockquote>r</blockquote><br/>x")
    assert found.text == "q\nжирный \nr\nx"
    assert [cut(found.text, entity) for entity in found.entities] == ["q", "жирный", "r"]


def test_spaces_around_a_text_go_and_take_their_styles_with_them() -> None:
    found = styled("<b>  <br/>Заголовок<br/><br/></b>")
    assert found.text == "Заголовок"
    assert found.entities == ({"type": "bold", "offset": 0, "length": 9},)


def test_markup_broken_into_lines_breaks_no_text_and_two_spaces_stay_two() -> None:
    assert styled("в небо над\n      городом<br/>\n     подняли  двух").text == "в небо над городом\nподняли  двух"


def test_a_text_no_message_can_have_is_refused() -> None:
    with pytest.raises(Unreadable, match="70,000 characters"):
        styled("x" * 70_000)
    with pytest.raises(Unreadable, match="styled ranges"):
        styled("<b>x</b>y" * 2_100)


def test_markup_nested_beyond_reason_is_read_as_plain_text() -> None:
    assert styled("<b>" * 5_000 + "глубоко").text == "глубоко"


def test_several_texts_follow_each_other_with_their_styles() -> None:
    both = joined([styled("🔥<b>a</b>"), styled("<i>b</i>")])
    assert both.text == "🔥a\n\nb"
    assert [cut(both.text, entity) for entity in both.entities] == ["a", "b"]


TAGS = {"b": "bold", "i": "italic", "u": "underline", "s": "strikethrough", "code": "code"}
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["", *TAGS]), WORDS), min_size=1, max_size=12))
def test_every_range_covers_what_its_element_held(pieces: list[tuple[str, str]]) -> None:
    markup = " ".join(f"<{tag}>{escape(word)}</{tag}>" if tag else escape(word) for tag, word in pieces)
    found = styled(markup)
    assert found.text == " ".join(word for _, word in pieces)
    told = [(entity["type"], cut(found.text, entity)) for entity in found.entities]
    assert told == [(TAGS[tag], word) for tag, word in pieces if tag]


def test_plain_words_of_nothing_are_empty() -> None:
    assert plain_text(None) == ""
