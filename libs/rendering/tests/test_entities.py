"""Styles survive: every rendering is read by a CommonMark parser and compared with the entities, character by character."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from generated_posts import ADDRESSES, EMOJI, LINES, SIGNS, URLS, WORDS, post
from hypothesis import given, settings
from hypothesis import strategies as st
from parsed_markdown import differences

from tg_parser.contracts.messages import TelegramMessage, TextEntity
from tg_parser.rendering.entities import blocks_of
from tg_parser.rendering.markdown import markdown
from tg_parser.rendering.markdown_blocks import markdown_of

Message = Callable[..., TelegramMessage]


def entity(kind: str, offset: int, length: int, **members: str) -> TextEntity:
    return TextEntity.model_validate({"type": kind, "offset": offset, "length": length, **members})


@pytest.mark.parametrize("part", range(4))
def test_no_style_is_lost_or_invented_in_generated_posts(part: int) -> None:
    for seed in range(part * 750, part * 750 + 750):
        text, entities = post(seed)
        rendering = markdown_of(blocks_of(text, entities))
        assert not list(differences(text, entities, rendering)), f"seed {seed}: {rendering}"


KINDS = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "code",
    "pre",
    "blockquote",
    "text_link",
    "link",
    "hashtag",
]
PIECES = [*WORDS, *EMOJI, *SIGNS, *LINES, *ADDRESSES, " ", "\n", "\n\n", "\t"]
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(LETTERS, max_size=4), max_size=12).map("".join)
ENTITIES = st.lists(
    st.builds(
        TextEntity,
        type=st.sampled_from(KINDS),
        offset=st.integers(0, 40),
        length=st.integers(0, 40),
        url=st.sampled_from(URLS),
        language=st.sampled_from(["", "python", "`", "a b"]),
    ),
    max_size=6,
)


@settings(max_examples=400)
@given(text=TEXTS, entities=ENTITIES)
def test_no_style_is_lost_or_invented_whatever_is_styled(text: str, entities: list[TextEntity]) -> None:
    assert not list(differences(text, entities, markdown_of(blocks_of(text, entities))))


def test_the_comparison_finds_what_plain_concatenation_breaks() -> None:
    """Marks around entities as they are, as clients' own exports do it."""
    marks = {"bold": "**", "italic": "_", "strikethrough": "~~", "code": "`"}
    wrong = 0
    for seed in range(1, 801, 2):
        text, entities = post(seed)
        cuts = sorted(
            (
                (at, marks[each.type])
                for each in entities
                if each.type in marks
                for at in (each.offset, each.offset + each.length)
            ),
            reverse=True,
        )
        rendering = text
        for at, mark in cuts:
            rendering = rendering[:at] + mark + rendering[at:]
        wrong += any(differences(text, entities, rendering))
    assert wrong > 200


@pytest.mark.parametrize(
    ("text", "entities", "rendering"),
    [
        ("Мост открыт", [entity("bold", 0, 4)], "**Мост** открыт"),
        ("Мост открыт", [entity("bold", 0, 5)], "**Мост** открыт"),
        ("Мост открыт", [entity("bold", 0, 2)], "**Мо**ст открыт"),
        ("Мост открыт", [entity("italic", 0, 2)], "<em>Мо</em>ст открыт"),
        ("«слово»дальше", [entity("bold", 0, 7)], "<strong>«слово»</strong>дальше"),
        ("🔥 Срочно! Да", [entity("bold", 0, 10)], "**🔥 Срочно!** Да"),
        ("👨‍👩‍👧‍👦 мы", [entity("italic", 12, 2)], "👨‍👩‍👧‍👦 _мы_"),
        ("🇷🇺 флаг", [entity("underline", 5, 4)], "🇷🇺 <u>флаг</u>"),
        ("cafe\u0301 да", [entity("bold", 0, 5)], "**cafe\u0301** да"),
        ("שלום עולם", [entity("bold", 5, 4)], "שלום **עולם**"),
        ("до конца", [entity("strikethrough", 3, 50)], "до ~~конца~~"),
        ("раз\nдва", [entity("bold", 0, 7)], "**раз**  \n**два**"),
        ("раз\n\nдва", [entity("italic", 0, 8)], "_раз_\n\n_два_"),
        ("тайна", [entity("spoiler", 0, 5)], "<tg-spoiler>тайна</tg-spoiler>"),
        ("abcdef", [entity("bold", 0, 4), entity("italic", 2, 4)], "**ab<em>cd</em>**_ef_"),
        ("см. тут", [entity("text_link", 4, 3, url="https://a.example/(x)"), entity("bold", 4, 3)], "см. **[тут](<https://a.example/(x)>)**"),
        ("[1] тут", [entity("text_link", 0, 7, url="https://a.example/a b<c>")], "[\\[1\\] тут](<https://a.example/a%20b%3Cc%3E>)"),
        ("вот!тут", [entity("text_link", 4, 3, url="https://a.example")], "вот\\![тут](<https://a.example>)"),
        ("https://a.example/x_y", [entity("link", 0, 21)], "<https://a.example/x_y>"),
        ("a.example/x_y_", [entity("link", 0, 14)], "a.example/x_y\\_"),
        ("Анна", [entity("mention_name", 0, 4, user_id="5")], "[Анна](<tg://user?id=5>)"),
        ("жми", [entity("text_link", 0, 3, url="javascript:alert(1)")], "жми"),
        ("a `b` c", [entity("code", 2, 3)], "a `` `b` `` c"),
        ("до\nкод ``` тут\nпосле", [entity("pre", 3, 11, language="c++")], "до\n\n````c++\nкод ``` тут\n````\n\nпосле"),
        ("он:\nраз два\nтри\nвсё", [entity("blockquote", 4, 11), entity("bold", 8, 3)], "он:\n\n> раз **два**  \n> три\n\nвсё"),
        ("# нет\n1. нет\n- нет\n> нет", [], "\\# нет  \n1\\. нет  \n\\- нет  \n\\> нет"),
        ("5*3 user_name _x_ <b> ~1 &amp; a|b", [], "5\\*3 user_name \\_x\\_ \\<b> \\~1 \\&amp; a|b"),
        ("#тег @user_name", [entity("hashtag", 0, 4), entity("mention", 5, 10)], "#тег @user_name"),
    ],
)  # fmt: skip
def test_a_text_is_written_as_a_person_would_where_that_is_certain(
    text: str, entities: list[TextEntity], rendering: str, message: Message
) -> None:
    assert markdown(message(text, *(each.model_dump() for each in entities))) == rendering
    assert not list(differences(text, [each for each in entities if each.type != "mention_name"], rendering)) or any(
        each.type == "mention_name" for each in entities
    )


def test_half_a_character_counts_as_a_whole_one(message: Message) -> None:
    assert markdown(message("🔥🔥", {"type": "underline", "offset": 1, "length": 2})) == "<u>🔥🔥</u>"
