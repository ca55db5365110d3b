"""Which sentences stand for the whole: nearness to the post's centre of words, place, and newness to one another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tg_parser.llm.providers.local.spans import Span
from tg_parser.llm.providers.local.words import Word

_NEWNESS = 0.35
"""The weight of newness against relevance in maximal marginal relevance (Carbonell & Goldstein, 1998)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its words."""

    span: Span
    words: tuple[Word, ...]

    @property
    def stems(self) -> frozenset[str]:
        """The stems of its content words."""
        return frozenset(word.stem for word in self.words if word.content)


def relevance(sentences: Sequence[Sentence]) -> list[float]:
    """How much each sentence says of what the post is about, from 0 to about 1.

    The mean weight of its content words, damped for sentences of few words and raised a little towards the beginning,
    where news puts what matters.
    """
    stems = [sentence.stems for sentence in sentences]
    counts = Counter(stem for bag in stems for stem in bag)
    weight = {stem: math.log1p(count) for stem, count in counts.items()}
    scores = [sum(weight[stem] for stem in bag) / (len(bag) + 4) for bag in stems]
    highest = max(scores, default=0.0) or 1.0
    return [score / highest * (1 + 0.3 / (1 + place)) for place, score in enumerate(scores)]


def choose(sentences: Sequence[Sentence], count: int, already: Sequence[int] = ()) -> list[int]:
    """The indices of up to `count` sentences, in the order of the text: each relevant, none repeating another.

    `already` holds the indices taken before; they count, and come first.
    """
    scores = relevance(sentences)
    stems = [sentence.stems for sentence in sentences]
    chosen = list(already)
    left = [index for index in range(len(sentences)) if index not in chosen and stems[index]]
    while left and len(chosen) < count:
        best = max(left, key=lambda index: _marginal(scores[index], stems[index], [stems[other] for other in chosen]))
        left.remove(best)
        chosen.append(best)
    return sorted(chosen)


def _marginal(score: float, stems: frozenset[str], chosen: Sequence[frozenset[str]]) -> float:
    overlap = max((len(stems & other) / math.sqrt(len(stems) * len(other)) for other in chosen if other), default=0.0)
    return (1 - _NEWNESS) * score - _NEWNESS * overlap
