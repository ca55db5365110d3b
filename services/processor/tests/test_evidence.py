from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.processor.evidence import LONGEST_QUOTE, found_in

POST = "Минтранс: мост «Южный» откроют 3 марта — на неделю\nраньше срока.\nСтоимость: 1\u00a0200 млн ₽ (+5 %)."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("откроют 3 марта", "откроют 3 марта"),
        ("  откроют 3 марта  ", "откроют 3 марта"),
        ("ОТКРОЮТ 3 марта", "откроют 3 марта"),
        ('мост "Южный"', "мост «Южный»"),
        ("3 марта - на неделю раньше срока", "3 марта — на неделю\nраньше срока"),
        ("1 200 млн ₽ (+5 %)", "1\u00a0200 млн ₽ (+5 %)"),
        ("откроют 4 марта", None),
        ("1 300 млн", None),
        ("мост Южный", None),
        (".*", None),
        ("", None),
        ("   ", None),
        ("я" * (LONGEST_QUOTE + 1), None),
    ],
)
def test_a_quote_is_found_as_the_post_has_it_or_not_at_all(quote: str, found: str | None) -> None:
    assert found_in(quote, POST) == found


@given(text=st.text(min_size=1, max_size=200), data=st.data())
def test_any_piece_of_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    piece = text[start:end]
    assert found_in(piece, text) == (piece.strip() or None)


@given(quote=st.text(max_size=60), text=st.text(max_size=200))
def test_what_is_found_stands_in_the_text(quote: str, text: str) -> None:
    found = found_in(quote, text)
    assert found is None or found in text or found in unicodedata.normalize("NFC", text)


def test_no_quote_makes_the_search_slow() -> None:
    began = time.process_time()
    found_in("а - " * 249 + "б", "а - " * 2000)
    assert time.process_time() - began < 0.5
