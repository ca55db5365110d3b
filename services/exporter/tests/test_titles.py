from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.exporter.domain.rows import ChannelName
from tg_parser.exporter.domain.titles import LONGEST, entry_title, shortened

CHANNEL = ChannelName("The Daily")
MESSAGE = {"kind": "text", "date": "2026-01-05T10:00:00Z"}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The rate was raised. It is 9 % now.", "The rate was raised."),
        ("⚡️🇷🇺 **Ставка повышена.** Теперь 9 %.", "Ставка повышена."),
        ("# Heading\n\nBody text.", "Heading"),
        ("\n\n🔥🔥🔥\nSecond line says it! And more", "Second line says it!"),
        ("Version 2.5 is out", "Version 2.5 is out"),
        ("«Цитата в начале.» Дальше текст", "«Цитата в начале.»"),
        ("• First point\n• Second", "First point"),
    ],
)
def test_a_title_is_the_first_heading_or_sentence(text: str, title: str) -> None:
    assert entry_title({"text_clean": text}, MESSAGE, CHANNEL) == title


def test_the_documents_own_title_comes_first() -> None:
    assert entry_title({"title": "Chosen", "text_clean": "Other."}, MESSAGE, CHANNEL) == "Chosen"


@pytest.mark.parametrize(("kind", "label"), [("photo", "Photo"), ("voice", "Voice message"), ("text", "Post")])
def test_a_post_without_words_is_titled_by_what_where_and_when(kind: str, label: str) -> None:
    title = entry_title({"text_clean": "🔥"}, MESSAGE | {"kind": kind}, CHANNEL)
    assert title == f"{label} · The Daily · 2026-01-05"


def test_a_long_title_is_cut_between_words() -> None:
    title = shortened("word " * 40)
    assert title.endswith("word…")
    assert len(title) <= LONGEST


@given(st.text())
def test_a_title_is_one_short_line_with_something_in_it(text: str) -> None:
    title = entry_title({"text_clean": text}, MESSAGE, CHANNEL)
    assert title.strip()
    assert len(title) <= LONGEST
    assert len(title.splitlines()) == 1
