"""Rich messages as Telegram's schema names their blocks (layer 229)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsed_markdown import PARSER, as_parsed

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.rendering.markdown import markdown
from tg_parser.rendering.markdown_blocks import markdown_of
from tg_parser.rendering.plain import plain, plain_of
from tg_parser.rendering.rich import MEDIA, WRITERS, rich_blocks

Message = Callable[..., TelegramMessage]
Node = dict[str, Any]


def text(content: str) -> Node:
    return {"_": "textPlain", "text": content}


def styled(constructor: str, content: Any, **members: Any) -> Node:
    return {"_": constructor, "text": text(content) if isinstance(content, str) else content, **members}


def block(constructor: str, content: str = "", **members: Any) -> Node:
    return {"_": f"pageBlock{constructor}", **({"text": text(content)} if content else {}), **members}


def cell(content: str, **members: Any) -> Node:
    return {"_": "pageTableCell", "text": text(content), **members}


def row(*cells: Node) -> Node:
    return {"_": "pageTableRow", "cells": list(cells)}


CAPTION = {"_": "pageCaption", "text": text("Вид"), "credit": text("Архив")}
CASES: list[tuple[Node, str, str]] = [
    (block("Heading2", "Итоги # дня #"), "## Итоги # дня \\#", "Итоги # дня #"),
    (block("Title", "Главное"), "# Главное", "Главное"),
    (block("Paragraph", "Вода 5*3"), "Вода 5\\*3", "Вода 5*3"),
    (block("Preformatted", "x = 1\n", language="python"), "```python\nx = 1\n```", "x = 1"),
    (
        block("List", items=[
            {"_": "pageListItemText", "text": text("раз")},
            {"_": "pageListItemText", "text": text("два"), "checkbox": True, "checked": True},
            {"_": "pageListItemBlocks", "blocks": [block("Paragraph", "три"), block("List", items=[{"text": text("внутри")}])]},
        ]),
        "- раз\n- [x] два\n- три\n\n  - внутри",
        "- раз\n- два\n- три\n\n- внутри",
    ),
    (
        block("OrderedList", start=3, items=[{"text": text("раз")}, {"text": text("два")}]),
        "3. раз\n4. два",
        "3. раз\n4. два",
    ),
    (block("Blockquote", "Сказано", caption=text("Кто-то")), "> Сказано\n>\n> _Кто-то_", "Сказано\n\nКто-то"),
    (
        block("Table", title=text("Уровень"), rows=[
            row(cell("День", header=True), cell("Вода", header=True, colspan=2)),
            row(cell("1|2", rowspan=2), cell("780"), cell("см")),
            row(cell("784"), cell("см")),
        ]),
        "**Уровень**\n\n| День | Вода | Вода |\n| --- | --- | --- |\n| 1\\|2 | 780 | см |\n| 1\\|2 | 784 | см |",
        "Уровень\n\nДень | Вода | Вода\n1|2 | 780 | см\n1|2 | 784 | см",
    ),
    (block("Details", title=text("Подробнее"), blocks=[block("Paragraph", "Текст")]), "**Подробнее**\n\nТекст", "Подробнее\n\nТекст"),
    (block("Divider"), "---", ""),
    (block("Photo", photo_id=5, caption=CAPTION), "\\[photo: Вид — Архив\\]", "Вид — Архив"),
    (block("Video", video_id=5), "\\[video\\]", ""),
    (block("Collage", items=[block("Photo", caption=CAPTION)], caption=CAPTION),
        "\\[photo: Вид — Архив\\]\n\nВид — Архив", "Вид — Архив\n\nВид — Архив"),
    (block("Math", source="x_1^2"), "$$\nx_1^2\n$$", "x_1^2"),
    (block("Footer", "мелко"), "_мелко_", "мелко"),
    (block("AuthorDate", author=text("Редакция"), published_date="2026-03-01T00:00:00Z"), "Редакция · 2026-03-01", "Редакция · 2026-03-01"),
    (block("AuthorDate", published_date="2026-03-01T00:00:00Z"), "2026-03-01", "2026-03-01"),
    (block("Thinking", "хм"), "", ""),
    (block("Anchor", name="a"), "", ""),
    (block("Cover", cover=block("Photo")), "\\[photo\\]", ""),
    (block("Channel", channel={"_": "channel", "title": "Город"}), "Город", "Город"),
    (block("Map", geo={"_": "geoPoint", "lat": 55.7, "long": 37.6}), "\\[map\\]\n\n55.7, 37.6", "55.7, 37.6"),
    (
        block("RelatedArticles", title=text("Ещё"), articles=[{"url": "https://a.example", "title": "Статья"}]),
        "**Ещё**\n\n- [Статья](<https://a.example>)", "Ещё\n\n- Статья",
    ),
    (
        block("ButtonRow", buttons=[{"text": text("Купить"), "type": {"_": "inlineButtonTypeUrl", "url": "https://a.example"}}]),
        "- [Купить](<https://a.example>)", "- Купить",
    ),
    (block("EmbedPost", url="https://a.example", author="Автор", blocks=[block("Paragraph", "Пост")]),
        "> [Автор](<https://a.example>)\n>\n> Пост", "Автор\n\nПост"),
    (block("Unsupported"), "\\[unsupported\\]", ""),
    (block("SomethingNew", "Слова", blocks=[block("Paragraph", "внутри")]), "Слова\n\nвнутри", "Слова\n\nвнутри"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "rendering", "words"), CASES)
def test_a_block_is_written_in_both_renderings(node: Node, rendering: str, words: str, message: Message) -> None:
    assert markdown(message(rich=[node])) == rendering
    assert plain(message(rich=[node])) == words


@pytest.mark.parametrize(
    ("node", "rendering"),
    [
        (styled("textBold", styled("textItalic", "оба")), "**_оба_**"),
        (styled("textUrl", "тут", url="https://a.example"), "[тут](<https://a.example>)"),
        (styled("textAutoUrl", "https://a.example"), "<https://a.example>"),
        (styled("textFixed", "a*b"), "`a*b`"),
        ({"_": "textConcat", "texts": [text("H"), styled("textSubscript", "2"), text("O")]}, "H<sub>2</sub>O"),
        (styled("textMarked", "важно"), "<mark>важно</mark>"),
        (styled("textSpoiler", "тайна"), "<tg-spoiler>тайна</tg-spoiler>"),
        ({"_": "textMath", "source": "x+1"}, "$x+1$"),
        ({"_": "textMath", "source": "a*b*c"}, "$`a*b*c`$"),
        ({"_": "textCustomEmoji", "document_id": 5, "alt": "🔥"}, "🔥"),
        ({"_": "textDiff", "text": text("новое"), "old_text": text("старое")}, "новое"),
        (styled("textEmail", "a_@b.example", email="a_@b.example"), "a\\_@b.example"),
        ({"_": "textEmpty"}, ""),
        ({"_": "textNeverSeen", "text": text("слова")}, "слова"),
    ],
)
def test_rich_text_keeps_its_styles(node: Node, rendering: str, message: Message) -> None:
    assert markdown(message(rich=[{"_": "pageBlockParagraph", "text": node}])) == rendering


def test_a_rich_message_of_which_only_a_part_is_known_says_so(message: Message) -> None:
    known = message(rich=[block("Paragraph", "Начало")], rich_truncated=True)
    assert markdown(known) == "Начало\n\n\\[…\\]"
    assert plain(known) == "Начало"


def test_two_lists_in_a_row_stay_two(message: Message) -> None:
    one = block("List", items=[{"text": text("раз")}])
    rendering = markdown(message(rich=[one, one]))
    assert [token.type for token in PARSER.parse(rendering)].count("bullet_list_open") == 2


def test_a_cell_that_claims_to_be_endless_is_cut(message: Message) -> None:
    wide = block("Table", rows=[row(cell("x" * 10_000, colspan=10**9, rowspan=10**9)), row(cell("y"))])
    assert len(markdown(message(rich=[wide]))) < 11_000


@given(st.lists(st.sampled_from([node for node, _, _ in CASES]), max_size=4))
def test_a_parser_finds_every_word_of_a_rich_message(nodes: list[Node]) -> None:
    blocks = rich_blocks(nodes)
    seen = "".join(each.character for each in as_parsed(markdown_of(blocks)))
    for word in "".join(letter if letter.isalpha() else " " for letter in plain_of(blocks)).split():
        assert word in seen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["_", "text", "texts", "blocks", "items", "rows", "cells", "caption", "title", "geo"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(
    name=st.sampled_from([*WRITERS, *MEDIA, "Title", "New"]),
    members=st.dictionaries(
        st.sampled_from(
            [
                "text",
                "blocks",
                "items",
                "rows",
                "caption",
                "title",
                "articles",
                "buttons",
                "cover",
                "geo",
                "channel",
                "author",
                "source",
            ]
        ),
        JSON,
    ),
)
def test_whatever_stands_in_a_block_nothing_breaks(name: str, members: dict[str, Any]) -> None:
    blocks = rich_blocks([{**members, "_": f"pageBlock{name}"}])
    assert isinstance(markdown_of(blocks) + plain_of(blocks), str)


def test_blocks_nested_without_end_are_cut_off() -> None:
    node: Node = block("Paragraph", "дно")
    for _ in range(500):
        node = block("Details", title=text("x"), blocks=[node])
    deep: Node = text("дно")
    for _ in range(500):
        deep = styled("textBold", deep)
    blocks = rich_blocks([node, {"_": "pageBlockParagraph", "text": deep}])
    assert "дно" not in markdown_of(blocks)
