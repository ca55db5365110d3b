"""Words, their stems, and which of them carry content."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import snowballstemmer

from tg_parser.llm.providers.local.lexicon import STOPWORDS
from tg_parser.llm.providers.local.spans import Span

_WORD = re.compile(r"(?<!\w)(?<!\d-)[^\W\d_]+(?:[-'’ʼ][^\W\d_]+)*(?!\w)")
_URL = re.compile(r"(?:https?://|www\.|t\.me/)\S+|[@#]\w+|[\w.+-]+@[\w-]+\.\w+")
_STEMMERS = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "tr": "turkish",
}
# Snowball has no Ukrainian; longest ending first. https://github.com/snowballstem/snowball/issues (wanted, not written)
_UKRAINIAN_ENDING = re.compile(
    r"(?:ування|ського|ськими|ських|ськими|ському|ського|остей|істю|ості|ість|ання|ення|ення|ями|ами|ого|ому|ими|ої|ою|ею|"
    r"ях|ах|ів|їв|ий|ій|их|ім|им|ам|ям|ом|ем|ує|ає|ють|уть|ати|ити|ься|ся|а|я|о|е|и|і|ї|у|ю|ь)\Z"
)


class Word(NamedTuple):
    """A word where it stands, with the stem that its other forms share."""

    span: Span
    surface: str
    stem: str
    content: bool


def words(text: str, span: Span, language: str) -> list[Word]:
    """The words in `span`, without links, handles and hashtags. Words with content are neither stop words nor short."""
    stopwords = STOPWORDS.get(language, frozenset[str]()) | STOPWORDS["en"]
    masked = _URL.sub(lambda link: " " * len(link[0]), span.of(text))
    found: list[Word] = []
    for match in _WORD.finditer(masked):
        lower = match[0].lower()
        content = len(lower) > 2 and lower not in stopwords
        place = Span(span.start + match.start(), span.start + match.end())
        found.append(Word(place, match[0], stem(lower, language), content))
    return found


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """The stem of a lower-case word: words of the Latin script in a Cyrillic text are taken for English."""
    if word.isascii() and language not in _STEMMERS:
        language = "en"
    return _stemmer(language)(word)


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    if language == "uk":
        return _ukrainian
    name = _STEMMERS.get(language)
    return snowballstemmer.stemmer(name).stemWord if name else str


def _ukrainian(word: str) -> str:
    shortened = _UKRAINIAN_ENDING.sub("", word)
    return shortened if len(shortened) > 2 else word
