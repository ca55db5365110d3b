from __future__ import annotations

import pytest

from tg_parser.llm.extraction import EntityMention
from tg_parser.llm.providers.local.dates import dates, iso
from tg_parser.llm.providers.local.extract import extract


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2026-03-01", "2026-03-01"),
        ("1.03.2026", "2026-03-01"),
        ("01.03.26", "2026-03-01"),
        ("1 марта 2026 года", "2026-03-01"),
        ("1 марта", "--03-01"),
        ("29 февраля", "--02-29"),
        ("1 березня 2026 року", "2026-03-01"),
        ("12 травня", "--05-12"),
        ("March 1, 2026", "2026-03-01"),
        ("1st of March 2026", "2026-03-01"),
        ("Sept. 9", "--09-09"),
        ("2026 год", "2026"),
        ("31.02.2026", None),
        ("30 февраля", None),
        ("10-12 мая", None),
        ("скоро", None),
    ],
)
def test_an_expression_is_the_day_it_names_and_no_other(expression: str, value: str | None) -> None:
    assert iso(expression) == value


def test_each_day_is_told_once_with_its_first_words() -> None:
    found = dates([mention("1 марта 2026 года"), mention("01.03.2026"), mention("99.99.2026")])
    assert [(each.value, each.quote) for each in found] == [("2026-03-01", "1 марта 2026 года")]


def test_a_post_tells_its_days() -> None:
    found = extract("Мост откроют 3 марта 2026 года, а закроют 10 апреля.", {}).dates
    assert [each.value for each in found] == ["2026-03-03", "--04-10"]


def mention(quote: str) -> EntityMention:
    return EntityMention(type="date", value=quote, confidence=None, quote=quote)
