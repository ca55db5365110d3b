"""What a post is about, in a few phrases of its own words: hashtags, then names and the words it dwells on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tg_parser.llm.extraction import EntityMention
from tg_parser.llm.providers.local import endings
from tg_parser.llm.providers.local.lexicon import STOPWORDS
from tg_parser.llm.providers.local.ranking import Sentence
from tg_parser.llm.providers.local.words import Word

MOST_TOPICS = 6

_LONGEST_NAME = 4
_CAMEL = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ][a-zа-яё])")
_CAPITAL, _LEAD, _PAIR = 1.6, 1.3, 1.4


@dataclass(slots=True)
class _Candidate:
    score: float = 0.0
    surfaces: Counter[str] = field(default_factory=Counter[str])


def topics(
    sentences: Sequence[Sentence], entities: Sequence[EntityMention], language: str, lead: str | None
) -> tuple[str, ...]:
    """Up to six phrases, the most telling first, in the forms the post uses. No phrase repeats another's words.

    In a language without a list of stop words only hashtags and names are taken.
    """
    chosen = _hashtags(entities)
    taken = {word.casefold() for topic in chosen for word in topic.split()}
    candidates = _candidates(sentences, language, (lead or "").casefold())
    for stems, candidate in sorted(candidates.items(), key=lambda item: -item[1].score):
        surface = candidate.surfaces.most_common(1)[0][0]
        if taken.isdisjoint(stems) and taken.isdisjoint(surface.casefold().split()):
            chosen.append(surface)
            taken.update(stems)
    return tuple(chosen[:MOST_TOPICS])


def _hashtags(entities: Sequence[EntityMention]) -> list[str]:
    tags = (entity.value[1:] for entity in entities if entity.type == "hashtag")
    return list(dict.fromkeys(" ".join(_CAMEL.sub(" ", tag.replace("_", " ")).split()).lower() for tag in tags))


def _candidates(sentences: Sequence[Sentence], language: str, lead: str) -> dict[tuple[str, ...], _Candidate]:
    frequency = Counter(word.stem for sentence in sentences for word in sentence.words if word.content)
    known = language in STOPWORDS
    found: dict[tuple[str, ...], _Candidate] = {}
    for sentence in sentences:
        for phrase in _phrases(sentence.words, language):
            name = _is_name(phrase, sentence) and language != "de"  # German writes every noun with a capital
            if not known and not name:
                continue
            candidate = found.setdefault(tuple(word.stem for word in phrase), _Candidate())
            candidate.score += _score(phrase, name, frequency, lead)
            candidate.surfaces[_surface(phrase, sentence)] += 1
    return found


def _score(phrase: Sequence[Word], name: bool, frequency: Counter[str], lead: str) -> float:
    score = sum(frequency[word.stem] for word in phrase) / len(phrase)
    score *= _PAIR if len(phrase) > 1 else 1
    score *= _CAPITAL if name else 1
    return score * (_LEAD if phrase[0].surface.casefold() in lead else 1)


def _is_name(phrase: Sequence[Word], sentence: Sentence) -> bool:
    inner = [word for word in phrase if word is not sentence.words[0]]
    return bool(inner) and all(word.surface[0].isupper() for word in inner)


def _surface(phrase: Sequence[Word], sentence: Sentence) -> str:
    """The phrase as written, but for a capital that only opens the sentence."""
    surface = " ".join(word.surface for word in phrase)
    opens = phrase[0] is sentence.words[0] and phrase[0].surface[1:].islower() and not _is_name(phrase, sentence)
    return surface[0].lower() + surface[1:] if opens else surface


def _phrases(words: Sequence[Word], language: str) -> Iterator[list[Word]]:
    """Names of several words, pairs of an adjective and a noun, and single nouns, as far as endings tell."""
    run_end = 0
    for index, word in enumerate(words):
        run = _capital_run(words, index)
        if len(run) > 1 and index >= run_end:
            run_end = index + len(run)
            yield run
        if index < run_end or not word.content or endings.is_verb(word.surface, language):
            continue
        if _adjoins(words, index) and _makes_phrase(word, words[index + 1], language):
            yield [word, words[index + 1]]
        if not endings.is_adjective(word.surface, language):
            yield [word]


def _capital_run(words: Sequence[Word], index: int) -> list[Word]:
    run: list[Word] = []
    while (
        index < len(words) and words[index].content and words[index].surface[0].isupper() and len(run) < _LONGEST_NAME
    ):
        run.append(words[index])
        if not _adjoins(words, index):
            break
        index += 1
    return run


def _adjoins(words: Sequence[Word], index: int) -> bool:
    return index + 1 < len(words) and words[index + 1].span.start == words[index].span.end + 1


def _makes_phrase(first: Word, second: Word, language: str) -> bool:
    if not second.content or endings.is_verb(second.surface, language):
        return False
    return endings.may_describe(first.surface, language) and not endings.is_adjective(second.surface, language)
