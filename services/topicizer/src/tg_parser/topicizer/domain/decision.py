"""Where a document belongs: with the story it is most like, if it is like it enough. Looks at stories, changes nothing."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain import grams
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import FEATURES_VERSION, Features
from tg_parser.topicizer.domain.stories import Story, StoryIndex
from tg_parser.topicizer.domain.vocabulary import Indices, Weights

JOIN_AT: Final = 0.18
"""Score from which a document tells the same story; chosen on labelled pairs, the sample and public channels."""
ABSTAIN_AT: Final = 0.13
"""Between the two it stays alone, with the runner-up on record: joining wrongly is worse, the regroup can still unite."""
STRICTER: Final = 0.015
"""How much more a story asks for with each doubling beyond SMALL members, or it would grow by chains of half-likeness."""
SMALL: Final = 8
GRAMS: Final = 0.3
"""Share of the second view in the score."""
REPLY_BONUS: Final = 0.10  # an answer usually goes on with what it answers
SAME_CHANNEL: Final = 0.95  # a channel seldom tells the same twice, unless it answers itself
FRESH_DAYS: Final = 4.0  # a story is followed for days without a penalty
STALE_DAYS: Final = 25.0  # and fades until then
STALE_FACTOR: Final = 0.55
VISITS: Final = 400
"""Entries of the index read per document, the rarest terms first: the time a document takes does not grow with their number."""
CANDIDATES: Final = 5  # stories compared term by term
VIEWED: Final = 2  # the best of them compared by n-grams
WEAKEST: Final = 0.08  # stem cosine below which n-grams cannot help
TERMS_NAMED: Final = 5
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class _Query:
    """A document ready to be compared."""

    document: Document
    found: Features
    heard: NDArray[np.float64]
    """What each of the document's own terms weighs, in their order."""
    numbers: Indices
    weights: Weights
    telling: Weights
    gains: Weights
    """What a term adds to the likeness with a story, for each unit of weight it has there."""
    norm: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A story and how much a document is like it, 0 to about 1."""

    score: float
    story: Story


def decide(stories: StoryIndex, document: Document, found: Features) -> Assignment:
    """Where the document belongs, given everything recorded so far; an earlier revision of it must have been taken out.

    The same stories and document give the same answer in every process: ties go to the lowest story id.
    """
    twin = min(stories.twins(document, found), default=None)
    if twin is not None:
        return _assignment(document, "joined", stories.members[twin].story.id, 1.0, terms=("same text or origin",))
    if document.is_ad:
        return _assignment(document, "opened", _new_story(stories, document), 0.0)
    query = _query(stories, document, found)
    ranked = _ranked(stories, query)
    if not ranked:
        return _assignment(document, "opened", _new_story(stories, document), 0.0)
    best = ranked[0]
    terms = _shared(stories, query, best.story)
    second = ranked[1] if len(ranked) > 1 else None
    if best.score >= _asked(best.story):
        return _assignment(document, "joined", best.story.id, best.score, second=second, terms=terms)
    outcome = "abstained" if best.score >= ABSTAIN_AT else "opened"
    return _assignment(document, outcome, _new_story(stories, document), best.score, second=best, terms=terms)


def _asked(story: Story) -> float:
    return JOIN_AT + STRICTER * max(0.0, math.log2(len(story.members) / SMALL))


def _new_story(stories: StoryIndex, document: Document) -> str:
    """A story is named for the document that opened it, for ever; one edited away from its own story opens another."""
    name = f"story:{document.source_ref}"
    return f"{name}~{document.revision}" if name in stories.stories else name


def _query(stories: StoryIndex, document: Document, found: Features) -> _Query:
    vocabulary = stories.vocabulary
    heard = vocabulary.heard(found.weights)
    weights = np.fromiter(found.weights.values(), dtype=np.int64, count=len(found.weights))
    telling = np.where(heard >= 0, vocabulary.telling(heard), vocabulary.unheard())
    norm = math.sqrt(int(((telling * weights) ** 2).sum()))
    order = np.argsort(heard)[np.count_nonzero(heard < 0) :]
    known, own, worth = heard[order], weights[order], telling[order]
    return _Query(document, found, (telling * weights).astype(np.float64), known, own, worth, worth**2 * own, norm)


def _ranked(stories: StoryIndex, query: _Query) -> list[Scored]:
    """The best stories, best first, ties by the lower id."""
    answered = stories.members.get(query.document.reply_to or "")
    candidates = {*_candidates(stories, query), *([answered.story] if answered else [])}
    compared = sorted(
        ((_stem_cosine(stories, query, story), story) for story in candidates),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    close = [pair for pair in compared[:VIEWED] if pair[0] >= WEAKEST]
    if answered and all(story is not answered.story for _, story in close):
        close += [pair for pair in compared if pair[1] is answered.story]
    if not close:
        return [Scored(round(cosine, 6), story) for cosine, story in compared[:1]]
    view = grams.view(list(query.found.weights), query.heard)
    scored = [Scored(_score(stories, query, view, story, cosine), story) for cosine, story in close]
    return sorted(scored, key=lambda each: (-each.score, each.story.id))


def _candidates(stories: StoryIndex, query: _Query) -> list[Story]:
    """The stories that share the most, seen from the rarest terms."""
    names = stories.vocabulary.names
    numbers = query.numbers.tolist()
    gains = query.gains.tolist()
    order = sorted(zip((-query.telling).tolist(), [names[number] for number in numbers], numbers, gains, strict=True))
    rough: dict[Story, int] = {}
    visits = 0
    for _, _, number, gain in order:
        posting = stories.posting(number)
        visits += len(posting)
        if visits > VISITS:
            break
        for story in posting:
            rough[story] = rough.get(story, 0) + gain
    if len(rough) > CANDIDATES:
        least = heapq.nlargest(CANDIDATES, rough.values())[-1]
        rough = {story: gain for story, gain in rough.items() if gain >= least}
    return sorted(rough, key=lambda story: (-rough[story], story.id))[:CANDIDATES]


def _stem_cosine(stories: StoryIndex, query: _Query, story: Story) -> float:
    if not len(query.numbers) or not len(story.terms):
        return 0.0
    where = np.minimum(np.searchsorted(story.terms, query.numbers), len(story.terms) - 1)
    shared = story.terms[where] == query.numbers
    dot = query.gains[shared] @ story.total[where[shared]]
    length = stories.vocabulary.telling(story.terms) * story.total  # whole numbers up to some 30,000 documents
    return int(dot) / (query.norm * math.sqrt(int(length @ length)))


def _score(stories: StoryIndex, query: _Query, view: grams.View, story: Story, cosine: float) -> float:
    names = stories.vocabulary.names
    weights = (stories.vocabulary.telling(story.terms) * story.total).astype(np.float64)
    kept = grams.heaviest(weights)
    other = grams.view([names[number] for number in story.terms[kept].tolist()], weights[kept])
    likeness = (1.0 - GRAMS) * cosine + GRAMS * grams.cosine(view, other)
    fitting = _fading(query.document.published_at, story) * _channel(stories, query, story)
    return round(likeness * fitting + _answer(query, story), 6)


def _answer(query: _Query, story: Story) -> float:
    return REPLY_BONUS if query.document.reply_to in story.members else 0.0


def _channel(stories: StoryIndex, query: _Query, story: Story) -> float:
    own = query.document.channel_id
    alone = query.document.reply_to is None and all(stories.members[ref].channel_id == own for ref in story.members)
    return SAME_CHANNEL if alone else 1.0


def _fading(moment: datetime, story: Story) -> float:
    """1 while a story is fresh, falling to STALE_FACTOR: the same words weeks later are seldom the same story."""
    if story.first is None or story.last is None:
        return 1.0
    away = max((moment - story.last).total_seconds(), (story.first - moment).total_seconds(), 0.0) / DAY
    faded = min(1.0, max(0.0, (away - FRESH_DAYS) / (STALE_DAYS - FRESH_DAYS)))
    return 1.0 - faded * (1.0 - STALE_FACTOR)


def _shared(stories: StoryIndex, query: _Query, story: Story) -> tuple[str, ...]:
    gains = (query.telling * query.weights).tolist()
    present = set(story.terms.tolist())
    names = stories.vocabulary.names
    shared = [
        (-gain, names[number]) for number, gain in zip(query.numbers.tolist(), gains, strict=True) if number in present
    ]
    return tuple(name for _, name in sorted(shared)[:TERMS_NAMED])


def _assignment(
    document: Document,
    outcome: Literal["joined", "abstained", "opened"],
    story: str,
    score: float,
    *,
    second: Scored | None = None,
    terms: tuple[str, ...] = (),
) -> Assignment:
    return Assignment(
        source_ref=document.source_ref,
        revision=document.revision,
        story_id=story,
        outcome=outcome,
        score=score,
        runner_up=second.story.id if second else None,
        margin=round(score - second.score, 6) if second and outcome == "joined" else None,
        terms=terms,
        features_version=FEATURES_VERSION,
    )
