"""Entities that a pattern can find: links, handles, hashtags, money, percentages, dates, times, phones, addresses.

Every quantifier is bounded and so is the number found, so that no text makes the search slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tg_parser.llm.extraction import EntityType
from tg_parser.llm.providers.local.spans import Span

_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,4}(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,6}){0,4}"
_SCALE = (
    r"(?:тыс(?:яч[аиуе]?)?|тис(?:яч[іиау]?)?|млн|млрд|трлн|миллион\w{0,3}|миллиард\w{0,3}|триллион\w{0,3}|"
    r"мільйон\w{0,3}|мільярд\w{0,3}|thousand|million|billion|trillion|bn|mln|k|m|b)\b\.?"
)
_CURRENCY = (
    r"(?:[$€£₽₴¥]|руб(?:л\w{1,3})?\b\.?|доллар\w{0,3}(?:\s?США)?|долл\b\.?|долар\w{0,3}|євро\b|евро\b|гривен\w{0,2}|"
    r"гривн\w{0,3}|грн\b|тенге\b|юан\w{1,3}|USD\b|EUR\b|RUB\b|UAH\b|USDT\b|BTC\b|dollars?\b|euros?\b|pounds\b)"
)
_MONTH = (
    r"(?:январ[яе]|феврал[яе]|марта?|апрел[яе]|ма[яе]|июн[яе]|июл[яе]|августа?|сентябр[яе]|октябр[яе]|ноябр[яе]|декабр[яе]|"
    r"січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня)"
)
_ENGLISH_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|March|Mar|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_YEAR = r"(?:19|20)\d\d"
_RU_YEAR = rf"{_YEAR}(?:\s?(?:год(?:а|у|ом|е)?|рок(?:у|ом|ці)|рік|г)\b\.?)"
_DAYS = r"\d{1,2}(?:\s?[-–—]\s?\d{1,2})?"

# In this order: a later pattern does not look inside what an earlier one took.
_EVERYWHERE: tuple[tuple[EntityType, re.Pattern[str]], ...] = (
    ("url", re.compile(r"\b(?:https?://|www\.|t\.me/)[^\s<>\"'«»“”`*\[\]{}|\\^()]{2,2000}", re.IGNORECASE)),
    ("email", re.compile(r"\b[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}\b", re.IGNORECASE)),
    ("mention", re.compile(r"(?<![\w@/.])@[A-Za-z]\w{3,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#&/])#(?=\w{0,100}[^\W\d_])\w{1,100}")),
)
_WITH_DIGITS: tuple[tuple[EntityType, re.Pattern[str]], ...] = (
    (
        "phone",
        re.compile(r"(?<![\w+])(?:\+\d{1,3}|8(?=[\s(-]{1,2}\d{3}))[\s(-]{0,2}\d{2,4}[\s)-]{0,2}(?:\d[\s-]?){4,9}\d\b"),
    ),
    (
        "date",
        re.compile(
            rf"\b(?:{_YEAR}-[01]\d-[0-3]\d\b|[0-3]?\d\.[01]?\d\.(?:{_YEAR}|\d\d)\b|"
            rf"{_DAYS}\s{_MONTH}\b(?:\s(?:{_RU_YEAR}|{_YEAR}\b))?|"
            rf"{_ENGLISH_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s{_YEAR}\b)?|"
            rf"\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_ENGLISH_MONTH}(?:,?\s{_YEAR}\b)?|{_RU_YEAR})",
        ),
    ),
    ("time", re.compile(r"(?<![\d:.,])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?(?:[ap]m|мск)\b)?(?![\d:])", re.I)),
    ("percent", re.compile(rf"(?<![\w.,])(?:{_NUMBER})\s?(?:%|процент\w{{0,3}}|відсотк\w{{0,3}}|percent\b)", re.I)),
    (
        "money",
        re.compile(
            rf"(?<![\w.,])(?:[$€£₽₴¥]\s?(?:{_NUMBER})(?:\s?{_SCALE})?|(?:{_NUMBER})\s?(?:{_SCALE}\s?)?{_CURRENCY})",
            re.I,
        ),
    ),
)
_MOST_OF_A_KIND = 100
_TRAILING = ".,;:!?…—–-"


def find(text: str, end: int) -> Iterator[tuple[EntityType, Span]]:
    """The entities in `text[:end]` and where they stand; no two overlap."""
    taken: list[Span] = []
    has_digits = any(map(str.isdecimal, text[:end]))
    for entity, pattern in _EVERYWHERE + (_WITH_DIGITS if has_digits else ()):
        for span in _found(pattern, text, end, entity):
            if not any(span.start < other.end and other.start < span.end for other in taken):
                taken.append(span)
                yield entity, span


def _found(pattern: re.Pattern[str], text: str, end: int, entity: EntityType) -> Iterator[Span]:
    for match in islice(pattern.finditer(text, 0, end), _MOST_OF_A_KIND):
        kept = match[0].rstrip(_TRAILING if entity == "url" else " .")
        yield Span(match.start(), match.start() + len(kept))
