"""What a topic says of itself: anchors, title, summary, scope; all of it words of its own documents.

Nothing here was written by a model, and the card says so (`method: lexical`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.topics import BundleItem, TimeRange, TopicAnchor, TopicBundle, TopicCard
from tg_parser.topicizer.domain.document import Document, normalised
from tg_parser.topicizer.domain.stories import Member, Stories
from tg_parser.topicizer.domain.vectors import FEATURES_VERSION, stem, words

ANCHORS = 3
ALIKE_PENALTY = 0.5  # how much an anchor loses for saying what another anchor says
SAME_CHANNEL_PENALTY = 0.05
TITLE_LENGTH = 90
TITLE_CHOICE = 10  # documents closest to the middle, one of which gives the title
TITLE_TERMS = 12  # terms a title should name
PHRASES = 6
TAGS = 8
RELATED = 3
TERMS_NAMED = 4
KEEPS_TITLE = 0.5  # share of the old anchors that must still be anchors for the old title to stay
NOTHING_NEAR = {"ru": "Другие темы этих каналов", "uk": "Інші теми цих каналів"}
NOTHING_NEAR_OTHERWISE = "Other subjects of these channels"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A member and how close it is to the topic's middle."""

    document: Document
    score: float


class Topic:
    """A topic's members in order, and the words they share."""

    def __init__(self, topic_id: str, members: Iterable[str], stories: Stories) -> None:
        self.id = topic_id
        self._stories = stories
        self._members = {ref: stories.members[ref] for ref in sorted(members)}
        self._middle: Counter[str] = Counter()
        for member in self._members.values():
            self._middle.update(member.vector)
        self._weights = {term: stories.weight(term) for term in self._middle}
        self.ranked = self._rank(stories.length(self._middle) or 1.0)
        self.anchors = self._anchors()

    def _rank(self, norm: float) -> tuple[Ranked, ...]:
        scored = [Ranked(member.document, self._closeness(member, norm)) for member in self._members.values()]
        return tuple(sorted(scored, key=lambda entry: (-entry.score, entry.document.source_ref)))

    def _closeness(self, member: Member, norm: float) -> float:
        dot = sum(self._weights[term] ** 2 * value * self._middle[term] for term, value in member.vector.items())
        own = self._stories.length(member.vector) or 1.0
        return round(dot / (own * norm), 4)

    def _anchors(self) -> tuple[Ranked, ...]:
        """The closest first, then those that are close and say something else."""
        chosen = [self.ranked[0]]
        rest = list(self.ranked[1:])
        while rest and len(chosen) < ANCHORS:
            best = min(rest, key=lambda entry: (-self._worth(entry, chosen), entry.document.source_ref))
            chosen.append(best)
            rest.remove(best)
        return tuple(chosen)

    def _worth(self, entry: Ranked, chosen: Sequence[Ranked]) -> float:
        alike = max(_overlap(self._vector(entry), self._vector(other)) for other in chosen)
        same = any(entry.document.channel_id == other.document.channel_id for other in chosen)
        return round(entry.score - ALIKE_PENALTY * alike - SAME_CHANNEL_PENALTY * same, 6)

    def _vector(self, entry: Ranked) -> dict[str, int]:
        return self._members[entry.document.source_ref].vector

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every member, closest first."""
        return tuple(entry.document for entry in self.ranked)

    def phrases(self) -> tuple[str, ...]:
        """What its documents are said to be about, the commonest first."""
        spelled: dict[str, Counter[str]] = {}
        for document in self.documents:
            for phrase in dict.fromkeys(document.phrases):
                spelled.setdefault(normalised(phrase.lstrip("#")), Counter())[phrase] += 1
        common = sorted(spelled, key=lambda phrase: (-sum(spelled[phrase].values()), phrase))[:PHRASES]
        return tuple(min(spelled[phrase], key=lambda form: (-spelled[phrase][form], form)) for phrase in common)

    def terms(self, document: Document) -> tuple[str, ...]:
        """The telling terms a member shares with the others."""
        own = self._members[document.source_ref].vector
        shared = [term for term, value in own.items() if self._middle[term] > value]
        return tuple(sorted(shared, key=lambda term: (-round(self._weights[term] * own[term], 6), term))[:TERMS_NAMED])

    def telling_titles(self) -> list[str]:
        """Its documents' titles: of the closest ones first those that name most of what the topic is about."""
        ranked = [entry for entry in self.ranked if entry.document.title]
        near, far = ranked[:TITLE_CHOICE], ranked[TITLE_CHOICE:]
        gains = {term: self._weights[term] * count for term, count in self._middle.items()}
        telling = {
            term: gains[term] for term in sorted(gains, key=lambda term: (-round(gains[term], 6), term))[:TITLE_TERMS]
        }

        def told(entry: Ranked) -> float:
            return round(
                sum(telling.get(term, 0.0) for term in {stem(word) for word in words(entry.document.title)}), 6
            )

        near.sort(key=lambda entry: (-told(entry), -entry.score, entry.document.source_ref))
        return [entry.document.title for entry in (*near, *far)]

    @property
    def updated_at(self) -> datetime:
        """The date of its newest document: a card tells of its posts, not of the moment it was made."""
        return max(document.published_at for document in self.documents)


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    return len(one.keys() & other.keys()) / max(1, min(len(one), len(other)))


def titled(topics: Sequence[Topic], old: Mapping[str, TopicCard]) -> dict[str, str]:
    """A title for each topic, no two alike. One that stands is kept while its anchors mostly do."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for topic in sorted(topics, key=lambda topic: (topic.id not in old, -len(topic.documents), topic.id)):
        titles[topic.id] = next(title for title in _wishes(topic, old.get(topic.id)) if normalised(title) not in taken)
        taken.add(normalised(titles[topic.id]))
    return titles


def _wishes(topic: Topic, old: TopicCard | None) -> Iterable[str]:
    if old is not None and _still_anchored(topic, old):
        yield old.title
    for title in topic.telling_titles():
        yield shortened(title)
    yield shortened(", ".join(topic.phrases()) or topic.ranked[0].document.text)
    yield f"{shortened(topic.ranked[0].document.title or topic.ranked[0].document.text)} ({topic.id.rsplit(':', 1)[-1]})"
    yield topic.id  # nobody else has it


def _still_anchored(topic: Topic, old: TopicCard) -> bool:
    before = {anchor.anchor_ref for anchor in old.anchors}
    now = {entry.document.source_ref for entry in topic.anchors}
    return len(before & now) >= KEEPS_TITLE * len(before)


def shortened(text: str) -> str:
    """`text` in one line of at most TITLE_LENGTH characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",;:—-") + "…"


def card(topic: Topic, title: str, neighbours: Sequence[tuple[str, str]], epoch: int) -> TopicCard:
    """The card. `neighbours` are ids and titles of the topics nearest to it."""
    language = topic.ranked[0].document.language
    summaries = dict.fromkeys(entry.document.summary for entry in topic.anchors if entry.document.summary)
    outside = tuple(name for _, name in neighbours) or (NOTHING_NEAR.get(language, NOTHING_NEAR_OTHERWISE),)
    tags = Counter(tag for document in topic.documents for tag in dict.fromkeys(document.hashtags))
    return TopicCard(
        id=topic.id,
        title=title,
        summary=" ".join(list(summaries)[:2]) or title,
        scope_in=topic.phrases() or (title,),
        scope_out=outside,
        type="cluster" if len(topic.documents) > 1 else "singleton",
        anchors=tuple(_anchor(entry) for entry in topic.anchors),
        sources=tuple(sorted(document.source_ref for document in topic.documents)),
        updated_at=topic.updated_at,
        tags=tuple(sorted(tags, key=lambda tag: (-tags[tag], tag))[:TAGS]),
        related_topics=tuple(sorted(name for name, _ in neighbours)),
        status="active",
        metadata={
            "method": "lexical",
            "algorithm": "stories+leiden-cpm",
            "features_version": FEATURES_VERSION,
            "epoch_of_change": epoch,
        },
    )


def _anchor(entry: Ranked) -> TopicAnchor:
    document = entry.document
    return TopicAnchor(
        channel_id=document.channel_id,
        message_id=document.message_id,
        message_type=_message_type(document),
        anchor_ref=document.source_ref,
        score=entry.score,
    )


def bundle(topic: Topic) -> TopicBundle:
    """Every member: anchors first, then by score."""
    anchors = {entry.document.source_ref for entry in topic.anchors}
    ordered = [*topic.anchors, *(entry for entry in topic.ranked if entry.document.source_ref not in anchors)]
    dates = [document.published_at for document in topic.documents]
    return TopicBundle(
        topic_id=topic.id,
        items=tuple(_item(topic, entry, anchor=entry.document.source_ref in anchors) for entry in ordered),
        updated_at=topic.updated_at,
        time_range=TimeRange.model_validate({"from": min(dates), "to": max(dates)}),
        channels=tuple(sorted({document.channel_id for document in topic.documents})),
        metadata={"method": "lexical"},
    )


def _item(topic: Topic, entry: Ranked, *, anchor: bool) -> BundleItem:
    document = entry.document
    terms = topic.terms(document)
    return BundleItem(
        channel_id=document.channel_id,
        message_id=document.message_id,
        message_type=_message_type(document),
        source_ref=document.source_ref,
        role="anchor" if anchor else "supporting",
        score=entry.score,
        justification=f"shares: {', '.join(terms)}" if terms else "same story",
    )


def _message_type(document: Document) -> MessageType:
    return "comment" if ":comment:" in document.source_ref else "post"
