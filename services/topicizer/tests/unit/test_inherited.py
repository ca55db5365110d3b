"""Topics of an earlier TG_parser become topics here, and their ids lead somewhere for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import pytest

from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import TopicBundle, TopicCard, TopicImported, TopicOpened, TopicRetired, TopicsMerged
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document

MakeDocument = Callable[..., Document]
Told = TypeVar("Told", bound=Fact)
AT = "2025-03-06T10:00:00Z"
SUBJECTS = (
    "bridge crack piers divers",
    "hockey wolves overtime final",
    "flood river level water",
    "library language club",
)


def of(kind: type[Told], facts: Iterable[Fact]) -> list[Told]:
    return [fact for fact in facts if isinstance(fact, kind)]


def topic(name: str, anchors: Sequence[str], supporting: Sequence[str] = (), **card: Any) -> TopicImported:
    def place(ref: str) -> dict[str, Any]:
        return {"channel_id": ref.split(":")[1], "message_id": ref.split(":")[3], "message_type": "post"}

    items = [{**place(ref), "source_ref": ref, "role": "anchor", "score": 0.9} for ref in anchors]
    items += [
        {**place(ref), "source_ref": ref, "role": "supporting", "score": 0.6, "justification": "same"}
        for ref in supporting
    ]
    told: dict[str, Any] = {
        "id": f"topic:tg:100:post:{name}", "title": f"Paid title {name}", "summary": f"Paid summary {name}.", "scope_in": ["in"],
        "scope_out": ["out"], "type": "cluster", "anchors": [{**place(ref), "anchor_ref": ref, "score": 0.9} for ref in anchors],
        "sources": [*anchors, *supporting], "updated_at": AT, "metadata": {"model_id": "gpt-4o-mini"},
    }  # fmt: skip
    return TopicImported(
        topic_id=told["id"],
        old_id=f"topic:tg:town:post:{name}",
        card=TopicCard.model_validate(told | card),
        bundle=TopicBundle.model_validate({"topic_id": told["id"], "items": items, "updated_at": AT}),
    )


@pytest.fixture
def cluster(make: MakeDocument) -> Cluster:
    """Twelve documents, three of each subject: 1 to 3 the bridge, 4 to 6 hockey, 7 to 9 the flood, 10 to 12 the library."""
    found = Cluster()
    found.assign([make(f"{SUBJECTS[n // 3]} number {n}", number=n + 1) for n in range(12)])
    return found


def ref(number: int) -> str:
    return f"tg:100:post:{number}"


def lead(facts: Iterable[Fact], cluster: Cluster) -> Callable[[str], str | None]:
    """Follows ids to the topic they name now."""
    into = {absorbed: fact.survivor for fact in of(TopicsMerged, facts) for absorbed in fact.absorbed}

    def follow(name: str) -> str | None:
        return name if name in cluster.cards else follow(into[name]) if name in into else None

    return follow


def test_a_topic_is_opened_in_the_words_that_were_paid_for_and_its_old_id_leads_to_it(cluster: Cluster) -> None:
    facts = cluster.regroup([topic("1", [ref(1)], [ref(2), ref(3)])])
    opened = of(TopicOpened, facts)[0]
    assert (opened.topic_id, opened.card.title, opened.card.summary) == (
        "topic:tg:100:post:1",
        "Paid title 1",
        "Paid summary 1.",
    )
    assert opened.card.sources == (ref(1), ref(2), ref(3))
    assert [item.justification for item in opened.bundle.items] == [None, "same", "same"]
    assert lead(facts, cluster)("topic:tg:town:post:1") == "topic:tg:100:post:1"
    assert cluster.cards["topic:tg:100:post:1"].metadata == {
        **(opened.card.metadata or {}), "imported_from": "topic:tg:town:post:1", "method": "llm", "model_id": "gpt-4o-mini",
    }  # fmt: skip


def test_it_is_told_once(cluster: Cluster) -> None:
    imported = [topic("1", [ref(1)], [ref(2), ref(3)])]
    cluster.regroup(imported)
    again = cluster.regroup(imported)
    assert not of(TopicOpened, again)
    assert not of(TopicsMerged, again)


def test_it_keeps_its_words_when_documents_join_it(cluster: Cluster, make: MakeDocument) -> None:
    cluster.regroup([topic("1", [ref(1)], [ref(2), ref(3)])])
    cluster.assign([make("bridge crack piers divers again number 99", number=99)])
    cluster.regroup()
    card = cluster.cards["topic:tg:100:post:1"]
    assert ref(99) in card.sources
    assert (card.title, card.summary, card.scope_in) == ("Paid title 1", "Paid summary 1.", ("in",))


def test_documents_of_several_topics_are_the_ones_whose_anchors_they_are(cluster: Cluster) -> None:
    facts = cluster.regroup([topic("1", [ref(1)], [ref(2), ref(4)]), topic("4", [ref(4)], [ref(5), ref(1)])])
    first, second = of(TopicOpened, facts)[:2]
    assert first.card.sources == (ref(1), ref(2))
    assert second.card.sources == (ref(4), ref(5))
    assert [item.source_ref for item in second.bundle.items] == [ref(4), ref(5), ref(1)]


def test_a_topic_that_is_all_another_ones_leads_there(cluster: Cluster) -> None:
    facts = cluster.regroup([topic("1", [ref(1), ref(2)]), topic("2", [ref(2), ref(1)])])
    follow = lead(facts, cluster)
    assert follow("topic:tg:town:post:2") == follow("topic:tg:100:post:2") == "topic:tg:100:post:1"


def test_a_topic_without_documents_waits_for_them(cluster: Cluster, make: MakeDocument) -> None:
    waiting = [topic("50", [ref(50)], [ref(51)])]
    assert not of(TopicsMerged, cluster.regroup(waiting))
    cluster.assign([make("market prices fruit stalls", number=50), make("market prices fruit crowd", number=51)])
    follow = lead(cluster.regroup(waiting), cluster)
    assert follow("topic:tg:town:post:50") == "topic:tg:100:post:50"


def test_a_topic_that_stood_here_before_is_not_opened_again(cluster: Cluster) -> None:
    cluster.regroup()
    standing = {source: name for name, card in cluster.cards.items() for source in card.sources}
    facts = cluster.regroup([topic("1", [ref(1)], [ref(2), ref(3)])])
    assert not of(TopicOpened, facts)
    assert lead(facts, cluster)("topic:tg:town:post:1") == standing[ref(1)]


def test_a_topic_of_unlike_documents_ends_only_with_the_last_of_them(cluster: Cluster) -> None:
    old = "topic:tg:town:post:1"
    told: list[Fact] = list(cluster.regroup([topic("1", [ref(1)], [ref(4), ref(7), ref(10)])]))
    for _ in range(3):
        told += cluster.regroup()
    assert lead(told, cluster)(old) in cluster.cards
    assert "topic:tg:100:post:1" not in [fact.topic_id for fact in of(TopicRetired, told)]
    for number in range(1, 13):
        cluster.stories.remove(ref(number))
    last = cluster.regroup()
    assert not cluster.cards
    assert of(TopicRetired, last)
