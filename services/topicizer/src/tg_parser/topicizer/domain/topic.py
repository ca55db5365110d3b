"""A topic's members, how close each is to the middle, and what they have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np

from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.stories import Member, StoryIndex
from tg_parser.topicizer.domain.vocabulary import Weights
from tg_parser.topicizer.domain.words import normalised, stems

ANCHORS: Final = 3
ALIKE: Final = 0.5  # how much an anchor loses for saying what another anchor says
SAME_CHANNEL: Final = 0.05  # … for coming from the same channel
SAME_DAY: Final = 0.05  # … for being of the same day
TERSE: Final = 15  # distinct terms below which a post is seldom a good example
PHRASES: Final = 6
TERMS_NAMED: Final = 4
GIST: Final = 12
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A member and how close it is to the topic's middle."""

    source_ref: str
    score: float


class Topic:
    """A topic to be described: members ranked, closest first, ties by reference."""

    def __init__(self, topic_id: str, members: Iterable[str], stories: StoryIndex) -> None:
        self.id = topic_id
        self._stories = stories
        self._documents: dict[str, Document] = {}
        self._members: dict[str, Member] = {ref: stories.members[ref] for ref in sorted(members)}
        vectors = [member.vector for member in self._members.values()]
        self._terms, inverse = np.unique(np.concatenate([terms for terms, _ in vectors]), return_inverse=True)
        self._middle: Weights = np.zeros(len(self._terms), dtype=np.int64)
        np.add.at(self._middle, inverse, np.concatenate([weights for _, weights in vectors]))
        self._spread = np.bincount(inverse, minlength=len(self._terms))
        self._telling = stories.vocabulary.telling(self._terms)
        self._scores = self._closenesses()
        self.ranked: tuple[Ranked, ...] = tuple(
            Ranked(ref, self._scores[ref]) for ref in sorted(self._scores, key=lambda ref: (-self._scores[ref], ref))
        )

    def __len__(self) -> int:
        return len(self.ranked)

    def _closenesses(self) -> dict[str, float]:
        middle = self._middle * self._telling
        length = math.sqrt(int(middle @ middle)) or 1.0
        found: dict[str, float] = {}
        for ref, member in self._members.items():
            terms, weights = member.vector
            where = np.searchsorted(self._terms, terms)
            own = weights * self._telling[where]
            dot = int(own @ middle[where])
            found[ref] = round(dot / (length * (math.sqrt(int(own @ own)) or 1.0)), 4)
        return found

    @property
    def members(self) -> tuple[str, ...]:
        """Every member, sorted."""
        return tuple(self._members)

    def document(self, ref: str) -> Document:
        """What is kept of a member; read once, for everything a topic says comes back to it."""
        found = self._documents.get(ref)
        if found is None:
            found = self._documents[ref] = self._members[ref].document
        return found

    def member(self, ref: str) -> Member:
        """A member's place."""
        return self._members[ref]

    def score(self, ref: str) -> float:
        """How close a member is to the middle, 0 to 1."""
        return self._scores[ref]

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """The medoid, then those that are close and say something else, elsewhere, at another time."""
        pool = [entry.source_ref for entry in self.ranked[: 20 * ANCHORS]]  # farther ones are no examples of anything
        terms = {ref: frozenset(self._members[ref].vector[0].tolist()) for ref in pool}
        alike = dict.fromkeys(pool, 0.0)
        chosen = [min(pool, key=lambda ref: (-self._solid(ref), ref))]
        pool.remove(chosen[0])
        while pool and len(chosen) < ANCHORS:
            for ref in pool:
                alike[ref] = max(alike[ref], _overlap(terms[ref], terms[chosen[-1]]))
            best = min(pool, key=lambda ref: (-self._worth(ref, alike[ref], chosen), ref))
            chosen.append(best)
            pool.remove(best)
        return tuple(chosen)

    def _solid(self, ref: str) -> float:
        length = len(self._members[ref].weights) // 2
        return round(self._scores[ref] * min(1.0, 0.5 + 0.5 * length / TERSE), 6)

    def _worth(self, ref: str, alike: float, chosen: Sequence[str]) -> float:
        own = self._members[ref]
        others = [self._members[other] for other in chosen]
        channel = any(own.channel_id == other.channel_id for other in others)
        day = any(abs((own.published_at - other.published_at).total_seconds()) < DAY for other in others)
        return round(self._solid(ref) - ALIKE * alike - SAME_CHANNEL * channel - SAME_DAY * day, 6)

    def terms(self, ref: str) -> tuple[str, ...]:
        """The telling terms a member shares with the others."""
        terms, weights = self._members[ref].vector
        where = np.searchsorted(self._terms, terms)
        gains = np.where(self._middle[where] > weights, weights * self._telling[where], 0).tolist()
        names = self._stories.vocabulary.names
        shared = sorted((-gain, names[term]) for term, gain in zip(terms.tolist(), gains, strict=True) if gain)
        return tuple(name for _, name in shared[:TERMS_NAMED])

    def phrases(self) -> tuple[str, ...]:
        """What its documents are said to be about, in their own spelling: common here and rare elsewhere first."""
        spelled: dict[tuple[str, ...], Counter[str]] = {}
        for ref in self._members:
            for phrase in dict.fromkeys(self.document(ref).phrases):
                if key := tuple(stems(phrase)):
                    spelled.setdefault(key, Counter())[phrase.lstrip("#")] += 1
        chosen: list[tuple[str, ...]] = []
        for key in sorted(spelled, key=lambda key: (-self._worthy(key), key)):
            if not any(set(key) & set(other) for other in chosen):
                chosen.append(key)
            if len(chosen) == PHRASES:
                break
        return tuple(
            min(spelled[key], key=lambda form: (-spelled[key][form], normalised(form), form)) for key in chosen
        )

    def _worthy(self, key: tuple[str, ...]) -> float:
        """Documents here with the phrase's words, times how telling these are and how much they belong here alone."""
        vocabulary = self._stories.vocabulary
        numbers = vocabulary.known(key)
        here = self.spread(key)
        if not here or len(numbers) < len(key):
            return 0.0
        telling = sum(vocabulary.telling_one(number) for number in numbers) / math.sqrt(len(numbers))
        alone = here / min(vocabulary.frequency(number) for number in numbers)
        return round(here * telling * math.sqrt(alone), 6)

    def spread(self, terms: Iterable[str]) -> int:
        """In how many members the rarest of `terms` occurs."""
        numbers = np.array(sorted(self._stories.vocabulary.known(terms)), dtype=np.int32)
        if not len(numbers):
            return 0
        where = np.minimum(np.searchsorted(self._terms, numbers), len(self._terms) - 1)
        return int(np.where(self._terms[where] == numbers, self._spread[where], 0).min())

    def gist(self) -> tuple[str, ...]:
        """The terms that weigh most in the middle, heaviest first."""
        weights = self._middle * self._telling
        least = np.partition(weights, -GIST)[-GIST] if len(weights) > GIST else 0
        names = self._stories.vocabulary.names
        heavy = [
            (-int(weights[place]), names[self._terms[place]]) for place in np.nonzero(weights >= least)[0].tolist()
        ]
        return tuple(name for _, name in sorted(heavy)[:GIST])

    @property
    def dates(self) -> tuple[datetime, datetime]:
        """The first and the last member's date."""
        dates = [member.published_at for member in self._members.values()]
        return min(dates), max(dates)


def _overlap(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
