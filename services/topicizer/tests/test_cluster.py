from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from test_stories import FLOOD, TRAM, post

from tg_parser.contracts.topics import RegroupCommitted, TopicCard, TopicizationCompleted, TopicOpened, TopicUpdated
from tg_parser.topicizer.domain.cluster import Cluster

NOISE = [post(number, f"слово{number} иное{number} прочее{number} разное{number}") for number in range(100, 140)]


def grown(*extra: int) -> Cluster:
    cluster = Cluster()
    stories = [
        post(number, f"{text} {number} {word}", days=number / 4)
        for number, (text, word) in enumerate(
            [(FLOOD, "вода"), (TRAM, "рельсы"), (FLOOD, "дамба"), (TRAM, "вагон"), (FLOOD, "спасатели")]
        )
    ]
    cluster.assign([*NOISE, *stories, *(post(number, f"{FLOOD} ещё {number}", days=3) for number in extra)])
    return cluster


def test_stories_become_topics_with_cards_that_refer_only_to_what_exists() -> None:
    cluster = grown()
    facts = cluster.regroup()
    opened = [fact for fact in facts if isinstance(fact, TopicOpened)]
    assert len(opened) >= 2
    assert isinstance(facts[-1], TopicizationCompleted)
    for fact in opened:
        assert set(fact.card.sources) <= cluster.stories.members.keys()
        assert {anchor.anchor_ref for anchor in fact.card.anchors} <= set(fact.card.sources)
        assert {item.source_ref for item in fact.bundle.items} == set(fact.card.sources)
        assert fact.topic_id.startswith("topic:tg:1:post:")
    titles = Counter(fact.card.title for fact in opened)
    assert set(titles.values()) == {1}


def test_a_regroup_without_news_tells_no_topic_again() -> None:
    cluster = grown()
    first = cluster.regroup()
    again = cluster.regroup()
    assert [type(fact) for fact in again] == [RegroupCommitted, TopicizationCompleted]
    outputs = [fact.output_digest for fact in (*first, *again) if isinstance(fact, RegroupCommitted)]
    assert outputs[0] == outputs[1]


def test_a_topic_keeps_its_id_while_it_grows() -> None:
    cluster = grown()
    cluster.regroup()
    before = owner(cluster, "tg:1:post:0").id
    cluster.assign([post(number, f"{FLOOD} новости {number}", days=4) for number in range(60, 66)])
    facts = cluster.regroup()
    assert owner(cluster, "tg:1:post:0").id == before
    assert before in {fact.topic_id for fact in facts if isinstance(fact, TopicUpdated)}


def owner(cluster: Cluster, ref: str) -> TopicCard:
    [found] = [card for card in cluster.cards.values() if ref in card.sources]
    return found


def test_facts_told_before_a_crash_rebuild_the_same_topics() -> None:
    cluster, other = grown(), grown()
    for fact in cluster.regroup():
        other.recorded(fact)
    assert other.cards == cluster.cards
    assert other.epoch == cluster.epoch
    assert [type(fact) for fact in other.regroup()] == [RegroupCommitted, TopicizationCompleted]


def test_the_result_does_not_depend_on_the_hash_seed() -> None:
    code = "from test_cluster import grown; print([f.output_digest for f in grown(7, 8).regroup() if hasattr(f, 'output_digest')])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
