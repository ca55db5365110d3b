"""Topics of an earlier TG_parser: a model wrote their cards, and people remember their ids. Pure.

They overlap there and do not here: a document belongs to the topic that it is an anchor of, or else to the one that was surest
of it. From then on they live as all topics do, but keep their words, and their ids lead somewhere as long as one of their
documents is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tg_parser.contracts.topics import BundleItem, TopicAnchor, TopicBundle, TopicCard, TopicImported, TopicOpened

MARK: Final = "imported_from"
"""In a card's metadata: the id the topic had."""
WORDS: Final = ("title", "summary", "scope_in", "scope_out", "tags")
"""What a model wrote and was paid for."""


def is_inherited(card: TopicCard) -> bool:
    """Whether a topic comes from an earlier TG_parser."""
    return MARK in (card.metadata or {})


def in_old_words(card: TopicCard, old: TopicCard) -> TopicCard:
    """The card, saying what the old one said in words."""
    kept = {name: getattr(old, name) for name in WORDS}
    return card.model_copy(update={**kept, "metadata": {**(old.metadata or {}), **_fresh(card)}})


def _fresh(card: TopicCard) -> dict[str, Any]:
    metadata = card.metadata or {}
    return {name: metadata[name] for name in ("features_version", "opened_epoch", "members_digest") if name in metadata}


@dataclass(frozen=True, slots=True)
class Bequest:
    """Which topics are opened, each with its own documents, and which ids lead to which topics instead."""

    opened: tuple[tuple[TopicImported, frozenset[str]], ...]
    led: Mapping[str, str]


def bequest(
    imported: Sequence[TopicImported], homes: Mapping[str, str], living: Collection[str], given: Collection[str]
) -> Bequest:
    """What is to be done about imported topics. `homes`: document → the topic it is in; `given`: ids that exist or existed.

    A topic of which no document is known waits. One whose documents are all somebody else's leads to where most of them are.
    """
    owned = _shares([topic for topic in imported if topic.topic_id not in given], set(living) - homes.keys())
    opened: dict[str, tuple[TopicImported, frozenset[str]]] = {}
    for topic in imported:
        if topic.old_id in owned:
            opened.setdefault(topic.topic_id, (topic, owned[topic.old_id]))
    homes = {**homes, **{ref: name for name, (_, refs) in opened.items() for ref in refs}}
    led: dict[str, str] = {}
    for topic in imported:
        there = topic.topic_id in opened or topic.topic_id in given
        target = topic.topic_id if there else _home(topic, homes)
        if target:
            led |= {name: target for name in (topic.old_id, topic.topic_id) if name != target}
    return Bequest(tuple(opened.values()), led)


def _shares(imported: Sequence[TopicImported], free: Collection[str]) -> dict[str, frozenset[str]]:
    """Old id → those of the `free` documents that become the topic's own; topics without any are left out."""
    claims: dict[str, list[tuple[bool, float, str]]] = {}
    for topic in imported:
        for item in topic.bundle.items:
            if item.source_ref in free:
                claims.setdefault(item.source_ref, []).append(
                    (item.role != "anchor", -(item.score or 0.0), topic.old_id)
                )
    owned: dict[str, set[str]] = {}
    for ref, found in claims.items():
        owned.setdefault(min(found)[2], set()).add(ref)
    return {old_id: frozenset(refs) for old_id, refs in sorted(owned.items())}


def _home(topic: TopicImported, homes: Mapping[str, str]) -> str | None:
    counts = Counter(homes[item.source_ref] for item in topic.bundle.items if item.source_ref in homes)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def opened(
    topic: TopicImported, members: frozenset[str], known: Collection[str], digest: str, epoch: int
) -> TopicOpened:
    """The topic with what is `known` of its documents; `members`, at least one, are its own."""
    items = tuple(item for item in topic.bundle.items if item.source_ref in known)
    anchors = tuple(anchor for anchor in topic.card.anchors if anchor.anchor_ref in known)
    metadata = {
        **(topic.card.metadata or {}), "method": "llm", MARK: topic.old_id, "opened_epoch": epoch, "members_digest": digest,
    }  # fmt: skip
    card = topic.card.model_copy(
        update={
            "anchors": anchors or (_anchor(items[0]),),
            "sources": tuple(sorted(members)),
            "related_topics": (),
            "metadata": metadata,
        }
    )
    return TopicOpened(topic_id=topic.topic_id, card=card, bundle=_bundle(topic.bundle, items), epoch=epoch)


def _anchor(item: BundleItem) -> TopicAnchor:
    """The surest message stands for anchors that nothing is known of."""
    return TopicAnchor(
        channel_id=item.channel_id,
        message_id=item.message_id,
        message_type=item.message_type,
        anchor_ref=item.source_ref,
        score=item.score,
    )


def _bundle(bundle: TopicBundle, items: tuple[BundleItem, ...]) -> TopicBundle:
    channels = tuple(sorted({item.channel_id for item in items}))
    return bundle.model_copy(update={"items": items, "channels": channels})


def places(
    standing: Mapping[str, frozenset[str]], membership: Mapping[str, frozenset[str]], inherited: Collection[str]
) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """What becomes of inherited topics that the regroup gave no place: those of their documents that nobody else has stay theirs.

    Returns these topics with their documents, and for the others the topic that most of their documents are in now.
    """
    home = {ref: name for name, refs in membership.items() for ref in refs}
    kept: dict[str, frozenset[str]] = {}
    into: dict[str, str] = {}
    for name in sorted(inherited):
        refs = standing.get(name, frozenset())
        if name in membership or not refs:
            continue
        if rest := frozenset(ref for ref in refs if ref not in home):
            kept[name] = rest
            continue
        counts = {other: sum(home[ref] == other for ref in refs) for other in {home[ref] for ref in refs}}
        into[name] = min(counts, key=lambda other: (-counts[other], other))
    return kept, into
