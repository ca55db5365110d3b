"""Proper names by their capitals and quotation marks. What kind of name it is, is said only where a word tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tg_parser.llm.extraction import EntityType
from tg_parser.llm.providers.local import endings
from tg_parser.llm.providers.local.lexicon import COMMON_ACRONYMS
from tg_parser.llm.providers.local.ranking import Sentence
from tg_parser.llm.providers.local.spans import Span
from tg_parser.llm.providers.local.words import Word

_QUOTED = re.compile(r"«([^«»\n]{2,60})»|“([^“”\n]{2,60})”|(?<!\w)\"([^\"\n]{2,60})\"(?!\w)")
_ORGANIZATION = re.compile(
    r"(?:компани\w{0,3}|банк\w{0,3}|ооо|оао|зао|ао|пао|тов|холдинг\w{0,2}|клуб\w{0,2}|фонд\w{0,2}|телеканал\w{0,2}|издани\w{1,2}|"
    r"газет\w{1,2}|корпораци\w{1,2}|концерн\w{0,2}|сервис\w{0,2}|агентств\w{1,2}|парти\w{1,2}|завод\w{0,2}|аэропорт\w{0,2}|"
    r"авиакомпани\w{1,3}|школ\w{1,2}|компані\w{1,3}|видання|company|club|bank|newspaper)\s\Z",
    re.IGNORECASE,
)
_PATRONYMIC = re.compile(r"\w{3,}(?:ович|евич|овна|евна|ича|ичем|овны|овной|івна|йович)\Z")
_MOST_WORDS = 4


def find(text: str, sentences: Sequence[Sentence], language: str) -> Iterator[tuple[EntityType, Span]]:
    """The names in `sentences` and where they stand, in order."""
    inside = _capitalised_inside(sentences)
    capitals_name = language != "de"  # German writes every noun so
    for sentence in sentences:
        yield from _quoted(text, sentence.span, language)
        if capitals_name and not _is_headline_case(sentence.words):
            yield from _capitalised(text, sentence, inside)


def _quoted(text: str, sentence: Span, language: str) -> Iterator[tuple[EntityType, Span]]:
    for match in _QUOTED.finditer(text, sentence.start, sentence.end):
        span = Span(*match.span(match.lastindex or 0))
        name = span.of(text)
        if not _is_title(name, language):
            continue
        before = text[max(sentence.start, match.start() - 24) : match.start()]
        yield ("organization" if _ORGANIZATION.search(before) else "name"), span


def _is_title(quoted: str, language: str) -> bool:
    """Whether what stands in quotation marks is a name, not speech or irony."""
    parts = quoted.split()
    if not quoted[0].isupper() or quoted[-1] in ".!?…," or len(parts) > _MOST_WORDS:
        return False
    return not any(part.islower() and endings.is_verb(part, language) for part in parts)


def _capitalised(text: str, sentence: Sentence, inside: frozenset[str]) -> Iterator[tuple[EntityType, Span]]:
    quoted = [Span(*match.span()) for match in _QUOTED.finditer(text, *sentence.span)]
    for found in _runs(text, sentence.words):
        run = _without_opening_word(found, sentence, inside)
        if not run or any(run[0].span.start < other.end and other.start < run[-1].span.end for other in quoted):
            continue
        if len(run) == 1 and run[0].surface in COMMON_ACRONYMS:
            continue
        yield _type_of(run), Span(run[0].span.start, run[-1].span.end)


def _runs(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    """Neighbouring words that look like parts of one name."""
    run: list[Word] = []
    for word in words:
        joined = bool(run) and text[run[-1].span.end : word.span.start] == " " and len(run) < _MOST_WORDS
        if _looks_like_name(word) and (joined or not run):
            run.append(word)
            continue
        if run:
            yield run
        run = [word] if _looks_like_name(word) else []
    if run:
        yield run


def _looks_like_name(word: Word) -> bool:
    surface = word.surface
    if not word.content and not surface.isupper():
        return False
    if "-" in surface and surface.partition("-")[0] in COMMON_ACRONYMS:
        return False  # QR-code, HTTP-request
    return len(surface) > 1 and (surface[0].isupper() or _is_mixed(surface))


def _is_mixed(surface: str) -> bool:
    """Whether capitals stand inside, as in iPhone or OpenAI."""
    return any(map(str.isupper, surface[1:])) and any(map(str.islower, surface))


def _without_opening_word(run: list[Word], sentence: Sentence, inside: frozenset[str]) -> list[Word]:
    """`run` without a first word that may be capital only because it opens the sentence."""
    first = run[0]
    if first is not sentence.words[0] or len(run) > 1 or _certain(first, sentence, inside):
        return run
    return run[1:]


def _certain(first: Word, sentence: Sentence, inside: frozenset[str]) -> bool:
    surface = first.surface
    foreign = surface.isascii() and not all(word.surface.isascii() for word in sentence.words)
    return surface.isupper() or _is_mixed(surface) or foreign or first.stem in inside


def _capitalised_inside(sentences: Sequence[Sentence]) -> frozenset[str]:
    """The stems of words that are capital in the middle of some sentence: those are names wherever they stand."""
    return frozenset(
        word.stem
        for sentence in sentences
        if not _is_headline_case(sentence.words)
        for word in sentence.words[1:]
        if _looks_like_name(word)
    )


def _is_headline_case(words: Sequence[Word]) -> bool:
    """Whether capitals say nothing here: A Headline Like This, or one all in capitals."""
    capital = sum(word.surface[0].isupper() for word in words)
    return len(words) >= 4 and capital > 0.6 * len(words)


def _type_of(run: Sequence[Word]) -> EntityType:
    return "person" if len(run) > 1 and any(_PATRONYMIC.search(word.surface) for word in run) else "name"
