"""Where sentences begin and end: by `razdel` for Cyrillic, by a rule of punctuation and capitals for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import razdel

from tg_parser.llm.providers.local.labels import without_label
from tg_parser.llm.providers.local.spans import Span, undecorated

_CYRILLIC = frozenset({"be", "bg", "kk", "ru", "uk"})
_LONGEST = 600
"""Text without any full stop is cut at a space, so that a quote stays a quote."""

_END = re.compile(r"[.!?…؟]{1,8}[\"'”’»)\]]{0,4}\s{1,8}(?=[^\sa-zà-öø-ÿа-яё])|[。！？]+[」』”]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|inc|ltd|co|corp|no|jr|sr|gen|col|lt|gov|sen|rep|jan|feb|mar|apr|aug|sept?|oct|nov|dec|approx|fig|vol|bzw|z\.b|sra?)"
    r"|(?<![^\W\d_])[^\W\d_]|\b[a-z]\.[a-z])\.\s+\Z",
    re.IGNORECASE,
)


def sentences(text: str, lines: Iterable[Span], language: str) -> list[Span]:
    """The sentences in `lines`, in order; no sentence runs over a line's end, since posts are laid out by lines."""
    split = _razdel if language in _CYRILLIC else _by_rule
    found: list[Span] = []
    for line in lines:
        for piece in split(text, line):
            found.extend(_bounded(text, without_label(text, undecorated(text, piece))))
    return found


def _razdel(text: str, line: Span) -> Iterator[Span]:
    for piece in razdel.sentenize(line.of(text)):
        yield Span(line.start + piece.start, line.start + piece.stop)


def _by_rule(text: str, line: Span) -> Iterator[Span]:
    start = line.start
    for end in _END.finditer(text, line.start, line.end):
        if _ABBREVIATION.search(text, max(start, end.end() - 12), end.end()):
            continue
        yield Span(start, end.end())
        start = end.end()
    yield Span(start, line.end)


def _bounded(text: str, span: Span) -> Iterator[Span]:
    start, end = span
    while end - start > _LONGEST:
        space = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        cut = space if space > 0 else start + _LONGEST
        yield Span(start, cut)
        start = cut + (space > 0)
    if end > start:
        yield Span(start, end)
