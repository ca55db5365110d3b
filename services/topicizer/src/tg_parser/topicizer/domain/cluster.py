"""The whole state of the grouping, and what happens to it: documents are assigned, topics are regrouped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import (
    Assignment,
    RegroupCommitted,
    TopicCard,
    TopicImported,
    TopicizationCompleted,
    TopicOpened,
    TopicRetired,
    TopicsMerged,
    TopicSplit,
    TopicUpdated,
)
from tg_parser.topicizer.domain.cards import bundle, card, members_digest
from tg_parser.topicizer.domain.decision import decide
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import features
from tg_parser.topicizer.domain.inherited import Bequest, bequest, in_old_words, is_inherited, opened
from tg_parser.topicizer.domain.partition import Granularity
from tg_parser.topicizer.domain.regroup import RegroupPlan, Standing, regroup
from tg_parser.topicizer.domain.stories import StoryIndex
from tg_parser.topicizer.domain.titles import titled
from tg_parser.topicizer.domain.topic import Topic


@dataclass(slots=True)
class Cluster:
    """What is known: stories, topics as last told, and what the last regroup wished for."""

    granularity: Granularity = field(default_factory=Granularity)
    stories: StoryIndex = field(default_factory=StoryIndex)
    cards: dict[str, TopicCard] = field(default_factory=dict[str, TopicCard])
    absorbed: set[str] = field(default_factory=set[str])
    epoch: int = 0
    pending: frozenset[str] = frozenset()
    position: int = 0
    """Stream sequence of the last document assigned."""

    def assign(self, documents: Sequence[Document]) -> list[Assignment]:
        """Decide and record where each document belongs, in the order given."""
        assignments: list[Assignment] = []
        for document in documents:
            self.stories.remove(document.source_ref)  # an edit is decided as if the document were new
            found = features(document)
            assignment = decide(self.stories, document, found)
            self.stories.record(document, assignment, found)
            self.position = max(self.position, document.seq)
            assignments.append(assignment)
        return assignments

    def leave(self, refs: Iterable[str]) -> None:
        """Take documents out, as if they had never been in; the next regroup tells their topics without them."""
        for ref in refs:
            self.stories.remove(ref)

    def forget(self, refs: Iterable[str], topics: Iterable[str], neighbours: Iterable[str]) -> None:
        """Take documents out for good: the next regroup tells `topics` anew, with titles of their own, and `neighbours`, too."""
        self.leave(refs)
        for name in topics:
            if told := self.cards.get(name):
                self.cards[name] = told.model_copy(update={"title": "", "metadata": _untold(told)})
        for name in neighbours:
            if told := self.cards.get(name):
                self.cards[name] = told.model_copy(update={"metadata": _untold(told)})

    def record(self, document: Document, assignment: Assignment) -> None:
        """Take over what was decided long ago."""
        self.stories.record(document, assignment, features(document))
        self.position = max(self.position, document.seq)

    def recorded(self, fact: Fact) -> None:
        """Take note of a fact about topics. An epoch that was begun and cut off is not begun again: ids must stay unique."""
        match fact:
            case TopicOpened() | TopicUpdated():
                self.cards[fact.topic_id] = fact.card
            case TopicsMerged():
                for absorbed in fact.absorbed:
                    self.cards.pop(absorbed, None)
                self.absorbed.update(fact.absorbed)
            case TopicRetired():
                self.cards.pop(fact.topic_id, None)
            case RegroupCommitted():
                self.pending = frozenset(fact.pending)
            case _:
                return
        self.epoch = max(self.epoch, fact.epoch)

    def regroup(self, imported: Sequence[TopicImported] = ()) -> list[Fact]:
        """See `regrouping`; all at once."""
        return list(self.regrouping(imported))

    def regrouping(self, imported: Sequence[TopicImported] = ()) -> Iterator[Fact]:
        """The facts that bring the topics up to date, the last one saying that they are. Each is recorded when it is given.

        A topic whose documents are the same is not told again, unless a topic it refers to is gone. Imported topics are
        opened first: the regroup then finds them standing. Nothing else may happen to the cluster until the last fact was
        taken: it is described as it was planned.
        """
        epoch = self.epoch + 1
        inherited = self._bequest(imported)
        openings = self._openings(inherited, epoch)
        for fact in openings:
            self.recorded(fact)
        self.absorbed.update(inherited.led)
        plan = regroup(self.stories, self._standing(), self.granularity)
        completed = self._completed(plan, epoch)
        yield from openings
        for fact in self._told(plan, epoch, inherited.led):
            self.recorded(fact)
            yield fact
        yield completed

    def _bequest(self, imported: Sequence[TopicImported]) -> Bequest:
        news = [topic for topic in imported if topic.old_id not in self.absorbed | self.cards.keys()]
        homes = {ref: name for name, told in self.cards.items() for ref in told.sources}
        return bequest(news, homes, self.stories.members.keys(), self.absorbed | self.cards.keys())

    def _openings(self, inherited: Bequest, epoch: int) -> list[Fact]:
        living = self.stories.members.keys()
        return [
            opened(topic, refs, living, members_digest(sorted(refs), self.stories), epoch)
            for topic, refs in inherited.opened
        ]

    def _standing(self) -> Standing:
        living = {
            name: frozenset(ref for ref in told.sources if ref in self.stories.members)
            for name, told in self.cards.items()
        }
        born = {name: int(_metadata(told).get("opened_epoch", 0)) for name, told in self.cards.items()}
        inherited = frozenset(name for name, told in self.cards.items() if is_inherited(told))
        return Standing(living, born, frozenset(self.absorbed), self.pending, inherited)

    def _told(self, plan: RegroupPlan, epoch: int, led: Mapping[str, str]) -> Iterator[Fact]:
        """Topics are opened one at a time, once for their titles and once for the rest. `led`: other ids, and what they lead to.

        All of them at once take more memory than the stories they are made of.
        """
        digests = {name: members_digest(sorted(refs), self.stories) for name, refs in plan.membership.items()}
        changed = [name for name in plan.membership if self._changed(name, digests[name], plan)]
        standing = {name: told for name, told in self.cards.items() if name in plan.membership}
        sizes = {name: len(plan.membership[name]) for name in changed}
        titles = {name: told.title for name, told in standing.items()}
        titles |= titled(sizes, lambda name: self._topic(name, plan), standing)
        titles |= {name: told.title for name, told in standing.items() if is_inherited(told)}
        merged = {into: {*plan.merged.get(into, ())} for into in {*plan.merged, *led.values()}}
        for name, into in led.items():
            merged[into].add(name)
        for into in sorted(merged):
            yield TopicsMerged(survivor=into, absorbed=tuple(sorted(merged[into])), epoch=epoch)
        for name in changed:
            yield self._card_told(self._topic(name, plan), titles, plan, digests[name], epoch)
        for parent, parts in plan.split.items():
            yield TopicSplit(parent=parent, children=parts, epoch=epoch)
        for name in plan.retired:
            yield TopicRetired(topic_id=name, epoch=epoch)
        yield self._committed(plan, epoch)

    def _topic(self, name: str, plan: RegroupPlan) -> Topic:
        return Topic(name, plan.membership[name], self.stories)

    def _changed(self, name: str, digest: str, plan: RegroupPlan) -> bool:
        told = self.cards.get(name)
        if told is None or _metadata(told).get("members_digest") != digest:
            return True
        return any(related not in plan.membership for related in told.related_topics)

    def _card_told(
        self, topic: Topic, titles: Mapping[str, str], plan: RegroupPlan, digest: str, epoch: int
    ) -> TopicOpened | TopicUpdated:
        old = self.cards.get(topic.id)
        opened = epoch if old is None else int(_metadata(old).get("opened_epoch", 0))
        near = [(name, titles[name]) for name in plan.neighbours[topic.id]]
        new = card(topic, titles[topic.id], near, opened=opened, digest=digest)
        if old and is_inherited(old):
            new = in_old_words(new, old)
        kind = TopicOpened if old is None else TopicUpdated
        return kind(topic_id=topic.id, card=new, bundle=bundle(topic), epoch=epoch)

    def _committed(self, plan: RegroupPlan, epoch: int) -> RegroupCommitted:
        settings = self.granularity.recorded()
        return RegroupCommitted(
            epoch=epoch,
            algorithm=str(settings["algorithm"]),
            parameters=settings,
            input_seq=self.position,
            input_digest=plan.input_digest,
            output_digest=plan.output_digest,
            documents=len(self.stories.members),
            stories=len(self.stories.stories),
            topics=len(plan.membership),
            moved=plan.moved,
            pending=plan.pending,
        )

    def _completed(self, plan: RegroupPlan, epoch: int) -> TopicizationCompleted:
        assigned = sum(len(refs) for refs in plan.membership.values())
        return TopicizationCompleted(
            epoch=epoch,
            input_seq=self.position,
            topics=len(plan.membership),
            assigned=assigned,
            unassigned=len(self.stories.members) - assigned,
            output_digest=plan.output_digest,
        )


def _untold(told: TopicCard) -> dict[str, Any]:
    return {name: value for name, value in _metadata(told).items() if name != "members_digest"}


def _metadata(told: TopicCard) -> dict[str, Any]:
    return told.metadata or {}
