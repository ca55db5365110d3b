"""The demo channels' running stories come out as topics, and stay put while the channels go on."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tg_parser.contracts.topics import RegroupCommitted
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.titles import LONGEST

SAMPLES = Path(__file__).parents[4] / "samples"
SOURCES = {"1750000001": "posts_ru.txt", "1750000002": "posts_en.txt"}
HEADER = re.compile(r"^@ (\d\d-\d\d \d\d:\d\d)(.*)$", re.MULTILINE)
LOCAL = timedelta(hours=3)
BATCH = 20

F1_BAR = 0.6
"""B-cubed F1 by story and language. Measured: 0.66."""
MOVED_BAR = 0.03
"""Share of documents whose topic changes at a regroup, on average. Measured: 0.021."""


def channels() -> list[dict[str, Any]]:
    return json.loads((SAMPLES / "telegram-export" / "result.json").read_text("utf-8"))["chats"]["list"]


def marks() -> dict[tuple[str, str], str]:
    """Channel and local minute → the story the sources say a post belongs to."""
    found: dict[tuple[str, str], str] = {}
    for channel, name in SOURCES.items():
        for moment, options in HEADER.findall((SAMPLES / name).read_text("utf-8")):
            if story := re.search(r"\bs=(\w+)", options):
                found[channel, moment] = story[1]
    return found


def documents() -> list[Document]:
    found = [
        document_of(str(channel["id"]), row)
        for channel in channels()
        for row in channel["messages"]
        if row["type"] == "message"
    ]
    return sorted((each for each in found if each.text), key=lambda each: (each.published_at, each.source_ref))


def document_of(channel: str, row: Mapping[str, Any]) -> Document:
    entities: Sequence[Mapping[str, Any]] = row["text_entities"]
    text = "".join(str(entity["text"]) for entity in entities).strip()
    answered = row.get("reply_to_message_id")
    return Document(
        source_ref=f"tg:{channel}:post:{row['id']}",
        revision=0,
        seq=0,
        channel_id=channel,
        message_id=str(row["id"]),
        published_at=datetime.fromtimestamp(int(row["date_unixtime"]), UTC),
        text=text,
        title=head if len(head := text.split("\n")[0]) <= LONGEST else "",
        summary=text[:200],
        phrases=(),
        hashtags=tuple(str(entity["text"]) for entity in entities if entity["type"] == "hashtag"),
        urls=(),
        reply_to=f"tg:{channel}:post:{answered}" if answered else None,
        forwarded_from=None,
        language="ru" if channel == "1750000001" else "en",
        is_ad="erid" in text,
    )


@pytest.fixture(scope="module")
def grouped() -> tuple[Cluster, float]:
    """Everything grouped, and how many documents moved at a regroup, as a share, on average."""
    cluster, moved, seen = Cluster(), 0, 0
    posts = documents()
    for start in range(0, len(posts), BATCH):
        seen += sum(len(card.sources) for card in cluster.cards.values())
        cluster.assign(posts[start : start + BATCH])
        moved += sum(fact.moved for fact in cluster.regroup() if isinstance(fact, RegroupCommitted))
    return cluster, moved / seen


@pytest.fixture(scope="module")
def truth(grouped: tuple[Cluster, float]) -> dict[str, str]:
    """Document → story and language."""
    told = marks()
    found: dict[str, str] = {}
    for ref, member in grouped[0].stories.members.items():
        moment = (member.published_at + LOCAL).strftime("%m-%d %H:%M")
        if story := told.get((member.channel_id, moment)):
            found[ref] = f"{story} {member.channel_id}"
    return found


def test_the_running_stories_are_found(grouped: tuple[Cluster, float], truth: Mapping[str, str]) -> None:
    topic_of = {ref: card.id for card in grouped[0].cards.values() for ref in card.sources}
    precision = recall = 0.0
    for ref, story in truth.items():
        together = [
            other for other in grouped[0].stories.members if topic_of.get(other, other) == topic_of.get(ref, ref)
        ]
        right = sum(truth.get(other) == story for other in together)
        precision += right / len(together)
        recall += right / sum(its == story for its in truth.values())
    precision, recall = precision / len(truth), recall / len(truth)
    assert 2 * precision * recall / (precision + recall) >= F1_BAR


def test_nearly_every_running_story_has_a_topic_that_is_mostly_about_it(
    grouped: tuple[Cluster, float], truth: Mapping[str, str]
) -> None:
    about: set[str] = set()
    for card in grouped[0].cards.values():
        [(story, count)] = Counter(truth.get(ref, "") for ref in card.sources).most_common(1)
        if count >= 4 and count > 0.6 * len(card.sources):
            about.add(story)
    missing = set(truth.values()) - about
    assert len(missing) <= 2, missing  # the bridge is closed by the flood: in Russian the two are told as one


def test_documents_seldom_change_their_topic(grouped: tuple[Cluster, float]) -> None:
    assert grouped[1] <= MOVED_BAR


def test_no_two_topics_of_the_sample_have_one_title(grouped: tuple[Cluster, float]) -> None:
    titles = Counter(card.title for card in grouped[0].cards.values())
    assert max(titles.values()) == 1
