"""Tier 1: each document joins a story or opens one, as it arrives.

A story is the exact sum of its documents' vectors in whole numbers, so that an edit or a deletion is a subtraction and
leaves no trace. Deciding (`decide`) and recording (`record`, `remove`) are apart: replaying records what was decided
and decides nothing.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain.document import Document, restored, serialized
from tg_parser.topicizer.domain.features import Features, digest, origin
from tg_parser.topicizer.domain.vocabulary import Indices, Vocabulary, Weights


@dataclass(slots=True, eq=False)
class Story:
    """The sum of its documents: terms by ascending number, and their weights."""

    id: str
    members: set[str] = field(default_factory=set[str])
    first: datetime | None = None
    last: datetime | None = None
    terms: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    total: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))


@dataclass(slots=True)
class Member:
    """A document's place, and what is needed to compare it, show it and take it out again."""

    story: Story
    channel_id: str
    published_at: datetime
    is_ad: bool
    length: int
    identities: tuple[int, ...]
    terms: bytes
    weights: bytes
    content: bytes
    stamp: int
    """Changes when what is kept of the document does."""

    @property
    def document(self) -> Document:
        """What is kept of the document."""
        return restored(zlib.decompress(self.content))

    @property
    def vector(self) -> tuple[Indices, Weights]:
        """Its terms and their weights."""
        return np.frombuffer(self.terms, dtype=np.int32), np.frombuffer(self.weights, dtype=np.uint16).astype(np.int64)


class StoryIndex:
    """Every story and its documents. What it decides depends on what it holds, never on how it came to hold it."""

    def __init__(self) -> None:
        self.stories: dict[str, Story] = {}
        self.members: dict[str, Member] = {}
        self.vocabulary = Vocabulary()
        self._postings: list[Story | list[Story] | None] = []
        self._identities: dict[int, tuple[str, ...]] = {}

    def record(self, document: Document, assignment: Assignment, found: Features) -> None:
        """Put the document where the assignment says, taking an earlier revision of it out first."""
        self.remove(document.source_ref)
        story = self.stories.get(assignment.story_id)
        if story is None:
            story = self.stories[assignment.story_id] = Story(assignment.story_id)
        numbers = self.vocabulary.numbers(list(found.weights))
        order = np.argsort(numbers)
        numbers, weights = numbers[order], np.fromiter(found.weights.values(), dtype=np.int64)[order]
        self.members[document.source_ref] = _member(story, document, found, numbers, weights)
        story.members.add(document.source_ref)
        story.first = min(story.first or document.published_at, document.published_at)
        story.last = max(story.last or document.published_at, document.published_at)
        self.vocabulary.count(numbers, 1)
        self._change(story, numbers, weights)
        for identity in found.identities:
            refs = (*self._identities.get(identity, ()), document.source_ref)
            self._identities[identity] = tuple(sorted(refs))

    def remove(self, source_ref: str) -> None:
        """Take a document out, as if it had never been in. Unknown ones are none of our business."""
        member = self.members.pop(source_ref, None)
        if member is None:
            return
        numbers, weights = member.vector
        self.vocabulary.count(numbers, -1)
        member.story.members.discard(source_ref)
        self._change(member.story, numbers, -weights)
        self._date(member.story)
        for identity in member.identities:
            others = tuple(ref for ref in self._identities.pop(identity) if ref != source_ref)
            if others:
                self._identities[identity] = others

    def _date(self, story: Story) -> None:
        if not story.members:
            del self.stories[story.id]
            return
        dates = [self.members[ref].published_at for ref in story.members]
        story.first, story.last = min(dates), max(dates)

    def _change(self, story: Story, numbers: Indices, weights: Weights) -> None:
        """Add to the story's sum, and to the index the terms that are new to it or gone from it."""
        where = np.searchsorted(story.terms, numbers)
        had = np.zeros(len(numbers), dtype=np.bool_)
        if len(story.terms):
            had = story.terms[np.minimum(where, len(story.terms) - 1)] == numbers
        story.total[where[had]] += weights[had].astype(np.int32)
        if not had.all():
            fresh = numbers[~had]
            story.terms = np.insert(story.terms, where[~had], fresh)
            story.total = np.insert(story.total, where[~had], weights[~had].astype(np.int32))
            for number in fresh.tolist():
                self._post(number, story)
        if not story.total.all():
            left = story.total != 0
            for number in story.terms[~left].tolist():
                self._unpost(number, story)
            story.terms, story.total = story.terms[left], story.total[left]

    def _post(self, number: int, story: Story) -> None:
        if number >= len(self._postings):
            self._postings.extend([None] * (len(self.vocabulary.names) - len(self._postings)))
        match self._postings[number]:
            case None:
                self._postings[number] = story
            case Story() as only:
                self._postings[number] = [only, story]
            case several:
                several.append(story)

    def _unpost(self, number: int, story: Story) -> None:
        match self._postings[number]:
            case list() as several:
                several.remove(story)
                if len(several) == 1:
                    self._postings[number] = several[0]
            case _:
                self._postings[number] = None

    def posting(self, number: int) -> tuple[Story, ...] | list[Story]:
        """The stories a term occurs in, in no order."""
        match self._postings[number]:
            case None:
                return ()
            case Story() as only:
                return (only,)
            case several:
                return several

    def twins(self, document: Document, found: Features) -> set[str]:
        """The documents that say the same words, were forwarded from the same message, or are the original or a forward."""
        identities = (*found.identities, origin(document.source_ref))
        twins = {ref for identity in identities for ref in self._identities.get(identity, ())}
        if document.forwarded_from in self.members:
            twins.add(document.forwarded_from)
        return twins - {document.source_ref}


def _member(story: Story, document: Document, found: Features, numbers: Indices, weights: Weights) -> Member:
    content = serialized(document)
    return Member(
        story=story,
        channel_id=sys.intern(document.channel_id),
        published_at=document.published_at,
        is_ad=document.is_ad,
        length=len(document.text),
        identities=found.identities,
        terms=numbers.tobytes(),
        weights=weights.astype(np.uint16).tobytes(),
        content=zlib.compress(content, 1),
        stamp=digest(content),
    )
