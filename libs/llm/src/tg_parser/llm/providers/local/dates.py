"""What day an expression names, in ISO 8601: only what is written, nothing reckoned from when the post was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from tg_parser.llm.extraction import DateMention, EntityMention

_MONTHS = (
    ("янв", "січ", "jan"), ("фев", "лют", "feb"), ("мар", "бер", "mar"), ("апр", "кві", "apr"),
    ("май", "мая", "мае", "тра", "may"), ("июн", "чер", "jun"), ("июл", "лип", "jul"), ("авг", "сер", "aug"),
    ("сен", "вер", "sep"), ("окт", "жов", "oct"), ("ноя", "лис", "nov"), ("дек", "гру", "dec"),
)  # fmt: skip
_MONTH_NUMBER = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_NUMERIC = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_SEVERAL_DAYS = re.compile(r"\d\s?[-–—]\s?\d")
_WORD = re.compile(r"[^\W\d_]{3,}")


def dates(entities: Sequence[EntityMention]) -> tuple[DateMention, ...]:
    """The days among `entities`, each once. One whose expression is no day of any calendar is left out."""
    found: dict[str, DateMention] = {}
    for entity in entities:
        value = iso(entity.quote) if entity.type == "date" else None
        if value is not None:
            found.setdefault(value, DateMention(value=value, quote=entity.quote))
    return tuple(found.values())


def iso(expression: str) -> str | None:
    """The day, month or year that `expression` names; `--03-01` for a day without a year. None if it names none."""
    exact = _ISO.search(expression)
    if exact:
        return _day(*map(int, exact.groups()))
    numeric = _NUMERIC.search(expression)
    if numeric:
        day, month, year = map(int, numeric.groups())
        return _day(year if year > 99 else 2000 + year, month, day)
    return _in_words(expression)


def _in_words(expression: str) -> str | None:
    year = _YEAR.search(expression)
    month = next(
        (number for word in _WORD.findall(expression) if (number := _MONTH_NUMBER.get(word[:3].lower()))), None
    )
    if month is None:
        return year[0] if year else None
    day = _DAY.search(_YEAR.sub(" ", expression))
    if day is None or _SEVERAL_DAYS.search(expression):
        return None
    return _day(int(year[0]), month, int(day[1])) if year else _yearless(month, int(day[1]))


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _yearless(month: int, day: int) -> str | None:
    return f"--{month:02}-{day:02}" if _day(2000, month, day) else None  # a leap year: 29 February is a day
