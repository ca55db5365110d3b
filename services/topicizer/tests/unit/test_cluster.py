from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import (
    RegroupCommitted,
    TopicizationCompleted,
    TopicOpened,
    TopicRetired,
    TopicsMerged,
    TopicSplit,
    TopicUpdated,
)
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document

MakeDocument = Callable[..., Document]
Told = TypeVar("Told", bound=Fact)

BRIDGE = [
    "Divers inspected the piers of the Old Bridge and found a crack under the water",
    "The crack in the Old Bridge piers was filmed by divers, repair will take a month",
    "Old Bridge: divers strengthen the piers, the crack is closed with concrete",
]
HOCKEY = [
    "Wolves beat Buran in overtime and lead the semi-final series",
    "The Wolves are in the final: the semi-final series with Buran ends in overtime",
    "Wolves lose the final series, silver after another overtime with Buran fans singing",
]
ALONE = [
    "The library opens a language club for beginners on Tuesdays",
    "A lost dog with a blue collar was seen near the southern market",
    "Blood donors are asked to come with a passport in the morning",
    "Weather tomorrow: snow, slippery roads and a cold wind",
]


def of(kind: type[Told], facts: Iterable[Fact]) -> list[Told]:
    return [fact for fact in facts if isinstance(fact, kind)]


def members_of(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    return {name: told.sources for name, told in cluster.cards.items()}


@pytest.fixture
def town(make: MakeDocument) -> list[Document]:
    return [make(text) for pair in zip(BRIDGE, HOCKEY, ALONE, strict=False) for text in pair] + [make(ALONE[3])]


def test_stories_of_one_subject_are_a_topic_and_lone_posts_are_none(town: list[Document]) -> None:
    cluster = Cluster()
    cluster.assign(town)
    facts = cluster.regroup()
    bridge = {document.source_ref for document in town if "Bridge" in document.text}
    hockey = {document.source_ref for document in town if "Wolves" in document.text}
    assert {frozenset(fact.card.sources) for fact in of(TopicOpened, facts)} == {frozenset(bridge), frozenset(hockey)}
    assert isinstance(facts[-2], RegroupCommitted)
    assert isinstance(facts[-1], TopicizationCompleted)
    assert (facts[-1].topics, facts[-1].assigned, facts[-1].unassigned) == (2, 6, 4)


def test_a_topic_is_named_for_the_anchor_it_was_born_with_and_keeps_the_name(
    town: list[Document], make: MakeDocument
) -> None:
    cluster = Cluster()
    cluster.assign(town[:5])
    [born] = [fact for fact in of(TopicOpened, cluster.regroup()) if "Bridge" in fact.card.title]
    assert born.topic_id == f"topic:{born.card.anchors[0].anchor_ref}"
    cluster.assign([*town[5:], *(make(f"{BRIDGE[0]} and {BRIDGE[1]}, part {n}") for n in range(4))])
    updated = {fact.topic_id: fact for fact in of(TopicUpdated, cluster.regroup())}
    assert len(updated[born.topic_id].card.sources) > len(born.card.sources)


def test_nothing_new_is_told_when_nothing_has_changed(town: list[Document]) -> None:
    cluster = Cluster()
    cluster.assign(town)
    before = cluster.regroup()
    again = cluster.regroup()
    assert [type(fact) for fact in again] == [RegroupCommitted, TopicizationCompleted]
    [first], [second] = of(RegroupCommitted, before), of(RegroupCommitted, again)
    assert (first.input_digest, first.output_digest) == (second.input_digest, second.output_digest)
    assert second.epoch == first.epoch + 1


def test_a_topic_whose_documents_are_gone_is_retired(town: list[Document]) -> None:
    cluster = Cluster()
    cluster.assign(town)
    cluster.regroup()
    [bridge] = [name for name, told in cluster.cards.items() if "Bridge" in told.title]
    for ref in members_of(cluster)[bridge]:
        cluster.stories.remove(ref)
    facts = cluster.regroup()
    assert [fact.topic_id for fact in of(TopicRetired, facts)] == [bridge]
    assert bridge not in cluster.cards


def test_an_edit_that_changes_the_wording_is_told(town: list[Document], make: MakeDocument) -> None:
    cluster = Cluster()
    cluster.assign(town)
    cluster.regroup()
    edited = make(f"{BRIDGE[1]}. UPD: a week", number=int(town[3].message_id), revision=1)
    cluster.assign([edited])
    [told] = of(TopicUpdated, cluster.regroup())
    assert edited.source_ref in told.card.sources


def test_folding_the_facts_gives_the_state_that_told_them(town: list[Document], make: MakeDocument) -> None:
    lived = Cluster()
    facts: list[Fact] = []
    recorded: list[tuple[Document, Any]] = []
    for start in range(0, len(town), 4):
        batch = town[start : start + 4]
        recorded += zip(batch, lived.assign(batch), strict=True)
        facts += lived.regroup()
    folded = Cluster()
    for document, assignment in recorded:
        folded.record(document, assignment)
    for fact in facts:
        folded.recorded(fact)
    assert (folded.cards, folded.epoch, folded.pending, folded.position) == (
        lived.cards,
        lived.epoch,
        lived.pending,
        lived.position,
    )
    newcomer = make(f"{HOCKEY[0]} in the old rink")
    assert folded.assign([newcomer]) == lived.assign([newcomer])
    assert folded.regroup() == lived.regroup()


def test_absorbed_ids_are_not_given_away_again(town: list[Document]) -> None:
    cluster = Cluster()
    taken = {f"topic:{document.source_ref}" for document in town if "Bridge" in document.text}
    cluster.recorded(TopicsMerged(survivor="topic:tg:9:post:9", absorbed=tuple(taken), epoch=4))
    cluster.assign(town)
    opened = [fact.topic_id for fact in of(TopicOpened, cluster.regroup())]
    assert len(opened) == len(set(opened)) == 2
    assert not taken & set(opened)


def test_a_split_and_a_merge_are_told_after_two_regroups_that_want_them(town: list[Document]) -> None:
    cluster = Cluster()
    cluster.assign(town)
    [bridge, hockey] = sorted(of(TopicOpened, cluster.regroup()), key=lambda fact: "Bridge" not in fact.card.title)
    both = bridge.card.model_copy(update={"sources": tuple(sorted((*bridge.card.sources, *hockey.card.sources)))})
    cluster.recorded(TopicUpdated(topic_id=bridge.topic_id, card=both, bundle=bridge.bundle, epoch=2))
    cluster.recorded(TopicRetired(topic_id=hockey.topic_id, epoch=2))
    waiting = cluster.regroup()
    assert not of(TopicSplit, waiting)
    assert of(RegroupCommitted, waiting)[0].pending
    told = cluster.regroup()
    [split] = of(TopicSplit, told)
    assert (split.parent, len(split.children)) == (bridge.topic_id, 1)
    assert {len(card.sources) for card in cluster.cards.values()} == {3}
    assert of(RegroupCommitted, told)[0].moved == 3


def test_a_small_channel_shows_its_long_posts_as_topics(make: MakeDocument) -> None:
    cluster = Cluster()
    long = [
        make(" ".join(f"{letter}{one}{two}word" for one in "klmnop" for two in "qrstuvwx"), title=f"About {letter}")
        for letter in "abcdefg"
    ]
    cluster.assign([*long, make(ALONE[0])])
    opened = of(TopicOpened, cluster.regroup())
    assert len(opened) == 5
    assert {fact.card.type for fact in opened} == {"singleton"}
    cluster.assign([make(text) for text in (*BRIDGE, *HOCKEY)])
    facts = cluster.regroup()
    assert not of(TopicRetired, facts)
    assert {fact.card.type for fact in of(TopicOpened, facts)} == {"cluster"}


def test_advertisements_make_no_topics(make: MakeDocument) -> None:
    cluster = Cluster()
    cluster.assign([make(f"{text} buy now", is_ad=True, hours=n) for n, text in enumerate((*BRIDGE, *BRIDGE))])
    assert not of(TopicOpened, cluster.regroup())


def test_no_documents_are_no_topics() -> None:
    committed, completed = Cluster().regroup()
    assert isinstance(committed, RegroupCommitted)
    assert isinstance(completed, TopicizationCompleted)
    assert (committed.topics, committed.documents, completed.unassigned) == (0, 0, 0)


def test_a_document_that_left_is_as_if_it_had_never_been_in(town: list[Document]) -> None:
    cluster, without = Cluster(), Cluster()
    cluster.assign(town)
    gone = next(document for document in town if document.text == BRIDGE[1])
    cluster.leave([gone.source_ref])
    for document in town:
        if document is not gone:
            without.assign([document])
    assert members_of_next(cluster) == members_of_next(without)


def test_a_topic_loses_a_document_that_left_and_a_title_that_was_taken_from_it(town: list[Document]) -> None:
    cluster = Cluster()
    cluster.assign(town)
    [born] = [fact for fact in of(TopicOpened, cluster.regroup()) if "Bridge" in fact.card.title]
    [titled_by] = [document for document in town if document.text.startswith(born.card.title.rstrip("…"))]
    cluster.leave([titled_by.source_ref])
    [updated] = of(TopicUpdated, cluster.regroup())
    assert (updated.topic_id, len(updated.card.sources)) == (born.topic_id, 2)
    assert titled_by.source_ref not in {item.source_ref for item in updated.bundle.items}
    assert updated.card.title != born.card.title


def test_what_is_forgotten_is_told_anew_with_another_title_even_where_nothing_else_changed(
    town: list[Document],
) -> None:
    cluster = Cluster()
    cluster.assign(town)
    opened = {fact.topic_id: fact.card for fact in of(TopicOpened, cluster.regroup())}
    [bridge] = [name for name, card in opened.items() if "Bridge" in card.title]
    [hockey] = opened.keys() - {bridge}
    cluster.cards[bridge] = cluster.cards[bridge].model_copy(update={"title": "Words of somebody else"})
    cluster.forget([], [bridge], [hockey])
    updated = {fact.topic_id: fact.card for fact in of(TopicUpdated, cluster.regroup())}
    assert updated.keys() == {bridge, hockey}
    assert updated[bridge].title != "Words of somebody else"
    assert updated[hockey].title == opened[hockey].title


def members_of_next(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    cluster.regroup()
    return members_of(cluster)
