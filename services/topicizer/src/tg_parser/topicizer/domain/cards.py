"""What a topic says of itself: anchors, title, summary, scope; all of it words of its own documents.

Nothing here was written by a model, and the card says so (`method: lexical`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.topics import BundleItem, TimeRange, TopicAnchor, TopicBundle, TopicCard
from tg_parser.topicizer.domain.features import FEATURES_VERSION
from tg_parser.topicizer.domain.stories import Member, StoryIndex
from tg_parser.topicizer.domain.topic import Topic
from tg_parser.topicizer.domain.words import normalised

TAGS: Final = 8
LONGEST_SUMMARY: Final = 600
NOTHING_NEAR: Final = {"ru": "Другие темы этих каналов", "uk": "Інші теми цих каналів"}
NOTHING_NEAR_OTHERWISE: Final = "Other subjects of these channels"


def card(topic: Topic, title: str, neighbours: Sequence[tuple[str, str]], *, opened: int, digest: str) -> TopicCard:
    """The card. `neighbours` are ids and titles of the topics nearest to it, `opened` the epoch of its birth."""
    anchors = topic.anchors
    return TopicCard(
        id=topic.id,
        title=title,
        summary=_summary(topic, anchors) or title,
        scope_in=topic.phrases() or (title,),
        scope_out=tuple(name for _, name in neighbours) or (_nothing_near(topic),),
        type="cluster" if len(topic) > 1 else "singleton",
        anchors=tuple(_anchor(topic, ref) for ref in anchors),
        sources=topic.members,
        updated_at=_updated_at(topic),
        tags=_tags(topic),
        related_topics=tuple(sorted(name for name, _ in neighbours)),
        status="active",
        metadata={
            "method": "lexical",
            "algorithm": "stories+leiden-cpm",
            "features_version": FEATURES_VERSION,
            "opened_epoch": opened,
            "members_digest": digest,
        },
    )


def members_digest(members: Sequence[str], stories: StoryIndex) -> str:
    """Equal as long as a topic has the same documents in the same wording."""
    lines = (f"{ref} {stories.members[ref].stamp}" for ref in sorted(members))
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=12).hexdigest()


def _updated_at(topic: Topic) -> datetime:
    """The date of its newest document: a card tells of its posts, not of the moment it was made."""
    return topic.dates[1]


def _summary(topic: Topic, anchors: Sequence[str]) -> str:
    """What the anchors say in their own sentences, in the order of time, while there is room."""
    by_date = sorted(anchors[1:], key=lambda ref: (topic.member(ref).published_at, ref))
    said: dict[str, str] = {}
    room = LONGEST_SUMMARY
    for ref in (anchors[0], *by_date):
        summary = " ".join(topic.document(ref).summary.split())
        if summary and normalised(summary) not in said and (not said or len(summary) < room):
            said[normalised(summary)] = summary
            room -= len(summary) + 1
    return " ".join(said.values())


def _nothing_near(topic: Topic) -> str:
    language = topic.document(topic.ranked[0].source_ref).language
    return NOTHING_NEAR.get(language, NOTHING_NEAR_OTHERWISE)


def _tags(topic: Topic) -> tuple[str, ...]:
    counts = Counter(tag for ref in topic.members for tag in dict.fromkeys(topic.document(ref).hashtags))
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag))[:TAGS])


def _anchor(topic: Topic, ref: str) -> TopicAnchor:
    return TopicAnchor(
        channel_id=topic.member(ref).channel_id,
        message_id=topic.document(ref).message_id,
        message_type=_message_type(ref),
        anchor_ref=ref,
        score=topic.score(ref),
    )


def bundle(topic: Topic) -> TopicBundle:
    """Every member: anchors first, then by score."""
    anchors = topic.anchors
    ordered = dict.fromkeys((*anchors, *(entry.source_ref for entry in topic.ranked)))
    first, last = topic.dates
    members = [topic.member(ref) for ref in topic.members]
    return TopicBundle(
        topic_id=topic.id,
        items=tuple(_item(topic, ref, anchor=ref in anchors) for ref in ordered),
        updated_at=_updated_at(topic),
        time_range=TimeRange.model_validate({"from": first, "to": last}),
        channels=tuple(sorted({member.channel_id for member in members})),
        metadata={"method": "lexical"},
    )


def _item(topic: Topic, ref: str, *, anchor: bool) -> BundleItem:
    member = topic.member(ref)
    return BundleItem(
        channel_id=member.channel_id,
        message_id=topic.document(ref).message_id,
        message_type=_message_type(ref),
        source_ref=ref,
        role="anchor" if anchor else "supporting",
        score=topic.score(ref),
        justification=_justification(topic, ref, member),
    )


def _justification(topic: Topic, ref: str, member: Member) -> str:
    terms = topic.terms(ref)
    if terms:
        return f"shares: {', '.join(terms)}"
    return "same story" if len(member.story.members) > 1 else "the topic's only document"


def _message_type(ref: str) -> MessageType:
    return "comment" if ":comment:" in ref else "post"
