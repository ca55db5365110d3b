"""The whole state of the grouping, and what happens to it: documents are assigned, topics are regrouped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tg_parser.contracts.ids import topic_id
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import (
    Assignment,
    RegroupCommitted,
    TopicCard,
    TopicizationCompleted,
    TopicOpened,
    TopicRetired,
    TopicsMerged,
    TopicSplit,
    TopicUpdated,
)
from tg_parser.topicizer.domain.cards import RELATED, Topic, bundle, card, titled
from tg_parser.topicizer.domain.continuity import SMALLEST, Continued, Members, continued
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.partition import Edge, likeness, parameters, partition
from tg_parser.topicizer.domain.stories import Stories


@dataclass(slots=True)
class Cluster:
    """What is known: stories, topics as last told, and what the last regroup wished for."""

    stories: Stories = field(default_factory=Stories)
    cards: dict[str, TopicCard] = field(default_factory=dict[str, TopicCard])
    epoch: int = 0
    pending: frozenset[str] = frozenset()
    position: int = 0
    """Stream sequence of the last document assigned."""

    def assign(self, documents: Sequence[Document]) -> list[Assignment]:
        """Decide and record where each document belongs, in the order given."""
        assignments: list[Assignment] = []
        for document in documents:
            assignment = self.stories.decide(document)
            self.record(document, assignment)
            assignments.append(assignment)
        return assignments

    def record(self, document: Document, assignment: Assignment) -> None:
        """Record what was decided, now or long ago."""
        self.stories.record(document, assignment)
        self.position = max(self.position, document.seq)

    def recorded(self, fact: Fact) -> None:
        """Take note of a fact about topics. An epoch that was begun and cut off is not begun again: ids must stay unique."""
        match fact:
            case TopicOpened() | TopicUpdated():
                self.cards[fact.topic_id] = fact.card
            case TopicsMerged():
                for absorbed in fact.absorbed:
                    self.cards.pop(absorbed, None)
            case TopicRetired():
                self.cards.pop(fact.topic_id, None)
            case RegroupCommitted():
                self.pending = frozenset(fact.pending)
            case _:
                return
        self.epoch = max(self.epoch, fact.epoch)

    def regroup(self) -> list[Fact]:
        """The facts that bring the topics up to date, the last one saying that they are. Recorded at once.

        If nothing has changed since the last regroup and nothing was pending, no topic is told again.
        """
        epoch = self.epoch + 1
        names = sorted(name for name in self.stories.stories if not self._is_ad(name))
        edges = likeness(self.stories, names)
        groups = self._groups(names, edges)
        living = {name: self._alive(found.sources) for name, found in self.cards.items()}
        continuation = continued(groups, living, self.pending)
        facts = self._facts(continuation, edges, epoch)
        moved = self._moved(continuation, living)
        for fact in facts:
            self.recorded(fact)
        committed = self._committed(continuation, epoch, names, moved)
        self.recorded(committed)
        return [*facts, committed, self._completed(committed)]

    def _is_ad(self, story: str) -> bool:
        return all(self.stories.members[ref].document.is_ad for ref in self.stories.stories[story].members)

    def _alive(self, refs: Iterable[str]) -> frozenset[str]:
        return frozenset(ref for ref in refs if ref in self.stories.members)

    def _groups(self, names: list[str], edges: list[Edge]) -> Members:
        """Stories' documents by group; a story nobody is like is a group of its own. Small ones are no topics."""
        topic_of = {ref: name for name, found in self.cards.items() for ref in found.sources}
        current = {name: self._topic_of_story(name, topic_of) for name in names}
        found = partition(edges, {name: topic for name, topic in current.items() if topic})
        groups: dict[str, set[str]] = {}
        for name in names:
            groups.setdefault(found.get(name, name), set()).update(self.stories.stories[name].members)
        return {name: frozenset(members) for name, members in groups.items() if len(members) >= SMALLEST}

    def _topic_of_story(self, name: str, topic_of: Mapping[str, str]) -> str:
        topics = sorted(topic_of[ref] for ref in self.stories.stories[name].members if ref in topic_of)
        return max(topics, key=lambda topic: (topics.count(topic), topic)) if topics else ""

    def _facts(self, continuation: Continued, edges: list[Edge], epoch: int) -> list[Fact]:
        names = self._named(continuation.fresh)
        members = {**continuation.kept, **{names[group]: refs for group, refs in continuation.fresh.items()}}
        topics = [Topic(name, refs, self.stories) for name, refs in sorted(members.items()) if len(refs) >= SMALLEST]
        titles = titled(topics, self.cards)
        near = self._neighbours(topics, titles, edges)
        facts: list[Fact] = [
            TopicsMerged(survivor=into, absorbed=gone, epoch=epoch)
            for into, gone in sorted(continuation.merged.items())
        ]
        for topic in topics:
            facts += self._told(topic, card(topic, titles[topic.id], near[topic.id], epoch), epoch)
        for parent, groups in sorted(continuation.split.items()):
            facts.append(
                TopicSplit(parent=parent, children=tuple(sorted(names[group] for group in groups)), epoch=epoch)
            )
        absorbed = {name for gone in continuation.merged.values() for name in gone}
        gone = self.cards.keys() - {topic.id for topic in topics} - absorbed
        return [*facts, *(TopicRetired(topic_id=name, epoch=epoch) for name in sorted(gone))]

    def _named(self, fresh: Members) -> dict[str, str]:
        """An id for each new topic: its closest document at birth; the next closest if that id was given away before."""
        names: dict[str, str] = {}
        taken = set(self.cards)
        for group, refs in sorted(fresh.items()):
            candidates = (topic_id(entry.document.source_ref) for entry in Topic("", refs, self.stories).ranked)
            names[group] = next((name for name in candidates if name not in taken), topic_id(min(refs)))
            taken.add(names[group])
        return names

    def _told(self, topic: Topic, new: TopicCard, epoch: int) -> list[Fact]:
        old = self.cards.get(topic.id)
        if old is None:
            return [TopicOpened(topic_id=topic.id, card=new, bundle=bundle(topic), epoch=epoch)]
        if _same(old, new):
            return []
        return [TopicUpdated(topic_id=topic.id, card=new, bundle=bundle(topic), epoch=epoch)]

    def _neighbours(
        self, topics: Sequence[Topic], titles: Mapping[str, str], edges: list[Edge]
    ) -> dict[str, list[tuple[str, str]]]:
        """For each topic the few most like it, by the strongest likeness between their stories."""
        home = {
            self.stories.members[document.source_ref].story_id: topic.id
            for topic in topics
            for document in topic.documents
        }
        strongest: dict[str, dict[str, float]] = {topic.id: {} for topic in topics}
        for first, second, value in edges:
            one, other = home.get(first), home.get(second)
            if one and other and one != other:
                strongest[one][other] = max(value, strongest[one].get(other, 0.0))
                strongest[other][one] = max(value, strongest[other].get(one, 0.0))
        return {name: [(other, titles[other]) for other in _best(found)] for name, found in strongest.items()}

    def _moved(self, continuation: Continued, living: Members) -> int:
        now = {ref: name for name, refs in continuation.kept.items() for ref in refs}
        absorbed = {gone: into for into, names in continuation.merged.items() for gone in names}
        return sum(now.get(ref) != absorbed.get(name, name) for name, refs in living.items() for ref in refs)

    def _committed(self, continuation: Continued, epoch: int, names: list[str], moved: int) -> RegroupCommitted:
        inputs = (f"{name} {ref}" for name in names for ref in sorted(self.stories.stories[name].members))
        outputs = (f"{name} {ref}" for name, found in sorted(self.cards.items()) for ref in found.sources)
        settings = parameters()
        return RegroupCommitted(
            epoch=epoch,
            algorithm=str(settings["algorithm"]),
            parameters=settings,
            input_seq=self.position,
            input_digest=_digest(inputs),
            output_digest=_digest(outputs),
            documents=len(self.stories.members),
            stories=len(self.stories.stories),
            topics=len(self.cards),
            moved=moved,
            pending=tuple(sorted(continuation.pending)),
        )

    def _completed(self, committed: RegroupCommitted) -> TopicizationCompleted:
        assigned = sum(len(found.sources) for found in self.cards.values())
        return TopicizationCompleted(
            epoch=committed.epoch,
            input_seq=committed.input_seq,
            topics=committed.topics,
            assigned=assigned,
            unassigned=committed.documents - assigned,
            output_digest=committed.output_digest,
        )


def _same(old: TopicCard, new: TopicCard) -> bool:
    """Whether a card says the same; the epoch it was made in is no difference."""
    ignored = {"metadata"}
    return old.model_dump(exclude=ignored) == new.model_dump(exclude=ignored)


def _best(found: Mapping[str, float]) -> list[str]:
    return sorted(found, key=lambda name: (-found[name], name))[:RELATED]


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
