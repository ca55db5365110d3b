"""Tier 1: each document joins a story or opens one, as it arrives.

A story is the exact sum of its documents' vectors, so that an edit or a deletion is a subtraction and leaves no trace.
Deciding and recording are apart: replaying records what was decided, and decides nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.vectors import FEATURES_VERSION, Vector, vector

JOIN_AT = 0.18  # cosine from which a document tells the same story; chosen on the sample's and public channels' posts
ABSTAIN_AT = 0.13  # between the two it stays alone, with the runner-up on record
REPLY_BONUS = 0.10  # an answer usually goes on with what it answers
FRESH_DAYS = 4.0  # a story is followed for days without a penalty
STALE_DAYS = 25.0  # and fades until then
STALE_FACTOR = 0.55
COMMON_STORIES = (
    400  # a term in more stories than this tells them apart badly, and is skipped when candidates are gathered
)
CANDIDATES = 6  # stories compared in full
TERMS_NAMED = 5
DAY = 86_400.0


LOGARITHMS: list[float] = []
"""log(count + ½), looked up: most terms are in few documents."""


def prepare_logarithms(count: int) -> None:
    """Have them up to `count`."""
    if count >= len(LOGARITHMS):
        LOGARITHMS.extend(math.log(number + 0.5) for number in range(len(LOGARITHMS), 2 * count + 4096))


prepare_logarithms(1)


@dataclass(slots=True)
class Story:
    """The sum of its documents."""

    id: str
    total: Vector = field(default_factory=dict[str, int])
    members: set[str] = field(default_factory=set[str])
    last: datetime | None = None


@dataclass(slots=True)
class Member:
    """A document's place, and what is needed to take it out again."""

    document: Document
    vector: Vector
    story_id: str


@dataclass(slots=True)
class Stories:
    """Everything assigned so far."""

    stories: dict[str, Story] = field(default_factory=dict[str, Story])
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    frequency: Counter[str] = field(default_factory=Counter[str])
    postings: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    fingerprints: dict[str, str] = field(default_factory=dict[str, str])
    _decided: tuple[Document, Vector] | None = None  # what is recorded next is nearly always what was decided last

    def weight(self, term: str) -> float:
        """How telling a term is: the rarer in documents, the more."""
        return self._rarest() - LOGARITHMS[self.frequency[term]]

    def length(self, terms: Vector) -> float:
        """The length of a vector under the weights. The hottest loop of the grouping: nothing is called in it."""
        rarest, frequency, logs = self._rarest(), self.frequency, LOGARITHMS
        total = 0.0
        for term, value in terms.items():
            weighted = (rarest - logs[frequency[term]]) * value
            total += weighted * weighted
        return math.sqrt(total)

    def _rarest(self) -> float:
        return math.log(len(self.members) + 1) + 0.1

    def decide(self, document: Document) -> Assignment:
        """Where the document belongs, given everything recorded so far. The same state and document give the same answer."""
        repost = self.fingerprints.get(document.fingerprint) if document.fingerprint else None
        if repost is not None and repost != document.source_ref:
            return self._assignment(document, "joined", self.members[repost].story_id, score=1.0)
        terms = self._vector(document)
        ranked = self._ranked(document, terms)
        if document.is_ad or not ranked:
            return self._assignment(document, "opened", story_id(document), score=0.0)
        score, best = ranked[0]
        second = ranked[1] if len(ranked) > 1 else None
        if score >= JOIN_AT:
            return self._assignment(
                document, "joined", best, score=score, second=second, terms=self._shared(terms, best)
            )
        outcome = "abstained" if score >= ABSTAIN_AT else "opened"
        shared = self._shared(terms, best)
        return self._assignment(document, outcome, story_id(document), score=score, second=ranked[0], terms=shared)

    def record(self, document: Document, assignment: Assignment) -> None:
        """Put the document where the assignment says, taking an earlier revision of it out first."""
        self.remove(document.source_ref)
        terms = self._vector(document)
        story = self.stories.setdefault(assignment.story_id, Story(assignment.story_id))
        story.members.add(document.source_ref)
        story.last = max(story.last, document.published_at) if story.last else document.published_at
        for term, value in terms.items():
            story.total[term] = story.total.get(term, 0) + value
            self.postings.setdefault(term, set()).add(story.id)
        self.frequency.update(terms.keys())
        self.members[document.source_ref] = Member(document, terms, story.id)
        prepare_logarithms(len(self.members))
        if document.fingerprint:
            self.fingerprints.setdefault(document.fingerprint, document.source_ref)

    def remove(self, source_ref: str) -> None:
        """Take a document out, as if it had never been in. Unknown ones are none of our business."""
        member = self.members.pop(source_ref, None)
        if member is None:
            return
        story = self.stories[member.story_id]
        story.members.discard(source_ref)
        for term, value in member.vector.items():
            self._subtract(story, term, value)
        dates = [self.members[ref].document.published_at for ref in story.members]
        story.last = max(dates, default=None)
        if not story.members:
            del self.stories[story.id]
        self._forget_fingerprint(member, story)

    def _vector(self, document: Document) -> Vector:
        if self._decided is None or self._decided[0] is not document:
            self._decided = (document, vector(document))
        return self._decided[1]

    def _subtract(self, story: Story, term: str, value: int) -> None:
        story.total[term] -= value
        if not story.total[term]:
            del story.total[term]
            self.postings[term].discard(story.id)
            if not self.postings[term]:
                del self.postings[term]
        self.frequency[term] -= 1
        if not self.frequency[term]:
            del self.frequency[term]

    def _forget_fingerprint(self, member: Member, story: Story) -> None:
        fingerprint = member.document.fingerprint
        if self.fingerprints.get(fingerprint) != member.document.source_ref:
            return
        del self.fingerprints[fingerprint]
        heirs = [ref for ref in story.members if self.members[ref].document.fingerprint == fingerprint]
        if heirs:
            self.fingerprints[fingerprint] = min(heirs)

    def _ranked(self, document: Document, terms: Vector) -> list[tuple[float, str]]:
        """The best stories by score, best first, ties by the lower id."""
        weights = {term: self.weight(term) ** 2 for term in terms if term in self.postings}
        rough: dict[str, float] = {}
        for term, weight in weights.items():
            stories = self.postings[term]
            if len(stories) <= COMMON_STORIES:
                gain = weight * terms[term]
                for story in stories:
                    rough[story] = rough.get(story, 0.0) + gain
        nearest = sorted(rough, key=lambda story: (-round(rough[story], 6), story))[:CANDIDATES]
        norm = self.length(terms)
        scored = ((self._score(document, terms, weights, norm, self.stories[story]), story) for story in nearest)
        return sorted(scored, key=lambda pair: (-pair[0], pair[1]))

    def _score(self, document: Document, terms: Vector, weights: dict[str, float], norm: float, story: Story) -> float:
        dot = sum(weight * terms[term] * story.total.get(term, 0) for term, weight in weights.items())
        cosine = dot / (norm * self.length(story.total)) if dot else 0.0
        bonus = REPLY_BONUS if document.reply_to in story.members else 0.0
        return round(cosine * _fading(document, story) + bonus, 6)

    def _shared(self, terms: Vector, story: str) -> tuple[str, ...]:
        total = self.stories[story].total
        shared = [term for term in terms if term in total]
        return tuple(sorted(shared, key=lambda term: (-round(self.weight(term) * terms[term], 6), term))[:TERMS_NAMED])

    def _assignment(
        self,
        document: Document,
        outcome: str,
        story: str,
        *,
        score: float,
        second: tuple[float, str] | None = None,
        terms: tuple[str, ...] = (),
    ) -> Assignment:
        return Assignment.model_validate(
            {
                "source_ref": document.source_ref,
                "revision": document.revision,
                "story_id": story,
                "outcome": outcome,
                "score": score,
                "runner_up": second[1] if second else None,
                "margin": round(score - second[0], 6) if second and outcome == "joined" else None,
                "terms": terms,
                "features_version": FEATURES_VERSION,
            }
        )


def story_id(document: Document) -> str:
    """A story is named for the document that opened it, and keeps the name."""
    return f"story:{document.source_ref}"


def _fading(document: Document, story: Story) -> float:
    """1 while a story is fresh, falling to STALE_FACTOR: the same words weeks later are seldom the same story."""
    if story.last is None:
        return 1.0
    days = abs((document.published_at - story.last).total_seconds()) / DAY
    faded = min(1.0, max(0.0, (days - FRESH_DAYS) / (STALE_DAYS - FRESH_DAYS)))
    return 1.0 - faded * (1.0 - STALE_FACTOR)
