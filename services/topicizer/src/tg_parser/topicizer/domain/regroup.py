"""Tier 2, the plan: which topics there are now, and what became of those that were.

A plan is data: what it says is recorded as facts, and a later run folds the facts without planning again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tg_parser.contracts.ids import topic_id
from tg_parser.topicizer.domain.continuity import SMALLEST, Continued, Members, continued
from tg_parser.topicizer.domain.inherited import places
from tg_parser.topicizer.domain.partition import Edge, Granularity, likeness, partition
from tg_parser.topicizer.domain.stories import StoryIndex
from tg_parser.topicizer.domain.topic import Topic

FEW_TOPICS: Final = 5
"""With fewer topics than this, long single documents may be topics too: a small channel should not look empty."""
SINGLETON_CHARS: Final = 300
"""Length of text from which a single document can stand for a topic, as in TG_parser v3."""
NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """The topics as last told: living documents, epoch of birth, ids that were absorbed, wishes of the last regroup."""

    topics: Members
    born: Mapping[str, int]
    absorbed: frozenset[str]
    pending: frozenset[str]
    inherited: frozenset[str] = frozenset()
    """Those of an earlier TG_parser: they end only with their last document."""


@dataclass(frozen=True, slots=True)
class RegroupPlan:
    """What a regroup says. `membership` holds every topic that stands afterwards, with its documents."""

    membership: Members
    opened: tuple[str, ...]
    updated: tuple[str, ...]
    merged: dict[str, tuple[str, ...]]
    split: dict[str, tuple[str, ...]]
    retired: tuple[str, ...]
    pending: tuple[str, ...]
    moved: int
    neighbours: dict[str, tuple[str, ...]]
    input_digest: str
    output_digest: str


def regroup(stories: StoryIndex, standing: Standing, granularity: Granularity) -> RegroupPlan:
    """Plan the topics anew. The same stories and topics give the same plan in every process."""
    names = sorted(name for name in stories.stories if not _is_ad(stories, name))
    edges = likeness(stories, names, granularity)
    found = partition(edges, _current(stories, standing, names), granularity)
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(found.get(name, name), set()).update(stories.stories[name].members)
    large = {name: frozenset(refs) for name, refs in groups.items() if len(refs) >= SMALLEST}
    single = {name: frozenset(refs) for name, refs in groups.items() if len(refs) < SMALLEST}
    groups_now = large | _singletons(stories, standing, single, len(large))
    continuation = continued(groups_now, standing.topics, standing.pending, standing.born)
    return _plan(stories, standing, continuation, names, edges)


def _is_ad(stories: StoryIndex, name: str) -> bool:
    return all(stories.members[ref].is_ad for ref in stories.stories[name].members)


def _current(stories: StoryIndex, standing: Standing, names: Iterable[str]) -> dict[str, str]:
    """The topic most of a story's documents are in; the search begins there."""
    topic_of = {ref: topic for topic, refs in standing.topics.items() for ref in refs}
    current: dict[str, str] = {}
    for name in names:
        topics = Counter(topic_of[ref] for ref in stories.stories[name].members if ref in topic_of)
        if topics:
            current[name] = min(topics, key=lambda topic: (-topics[topic], topic))
    return current


def _singletons(stories: StoryIndex, standing: Standing, single: Members, clusters: int) -> Members:
    """Long documents that are alone: those that are topics already, and others while there are few topics."""
    were = {ref for refs in standing.topics.values() if len(refs) == 1 for ref in refs}
    long = {
        name: refs
        for name, refs in single.items()
        if all(stories.members[ref].length >= SINGLETON_CHARS for ref in refs)
    }
    kept = {name: refs for name, refs in long.items() if refs <= were}
    room = max(0, FEW_TOPICS - clusters - len(kept))
    ranked = sorted(
        long.keys() - kept.keys(), key=lambda name: (-sum(stories.members[ref].length for ref in long[name]), name)
    )
    return kept | {name: long[name] for name in ranked[:room]}


def _plan(
    stories: StoryIndex, standing: Standing, continuation: Continued, names: list[str], edges: list[Edge]
) -> RegroupPlan:
    ids = _named(stories, standing, continuation.fresh)
    membership = {name: refs for name, refs in continuation.kept.items() if _stands(stories, refs)}
    membership |= {ids[group]: refs for group, refs in continuation.fresh.items()}
    merged = {into: set(topics) for into, topics in continuation.merged.items()}
    gone = {topic for topics in merged.values() for topic in topics}
    kept, led_on = places(standing.topics, membership, standing.inherited - gone)
    membership |= kept
    for name, into in led_on.items():
        merged.setdefault(into, set()).add(name)
    gone |= led_on.keys()
    return RegroupPlan(
        membership=dict(sorted(membership.items())),
        opened=tuple(sorted(ids.values())),
        updated=tuple(sorted(name for name in membership if name in standing.topics)),
        merged={into: tuple(sorted(topics)) for into, topics in sorted(merged.items())},
        split={
            parent: tuple(sorted(ids[group] for group in groups))
            for parent, groups in sorted(continuation.split.items())
        },
        retired=tuple(sorted(standing.topics.keys() - membership.keys() - gone)),
        pending=tuple(sorted(continuation.pending)),
        moved=_moved(membership, merged, standing.topics),
        neighbours=_neighbours(stories, membership, edges),
        input_digest=_digest(f"{name} {ref}" for name in names for ref in sorted(stories.stories[name].members)),
        output_digest=_digest(f"{name} {ref}" for name in sorted(membership) for ref in sorted(membership[name])),
    )


def _stands(stories: StoryIndex, refs: frozenset[str]) -> bool:
    return len(refs) >= SMALLEST or any(stories.members[ref].length >= SINGLETON_CHARS for ref in refs)


def _named(stories: StoryIndex, standing: Standing, fresh: Members) -> dict[str, str]:
    """An id for each new topic: its closest document at birth, or the next closest if that id was given away before."""
    ids: dict[str, str] = {}
    taken = {*standing.topics, *standing.absorbed}
    for group, refs in sorted(fresh.items()):
        topic = Topic("", refs, stories)
        candidates = (
            topic_id(ref) for ref in dict.fromkeys((*topic.anchors, *(one.source_ref for one in topic.ranked)))
        )
        ids[group] = next((name for name in candidates if name not in taken), f"{topic_id(min(refs))}~{len(taken)}")
        taken.add(ids[group])
    return ids


def _moved(membership: Members, merged: Mapping[str, Iterable[str]], before: Members) -> int:
    """Documents whose topic is another than before; those whose topic was absorbed as a whole have not moved."""
    now = {ref: name for name, refs in membership.items() for ref in refs}
    absorbed = {gone: into for into, names in merged.items() for gone in names}
    return sum(now.get(ref) != absorbed.get(name, name) for name, refs in before.items() for ref in refs)


def _neighbours(stories: StoryIndex, membership: Members, edges: Iterable[Edge]) -> dict[str, tuple[str, ...]]:
    """For each topic the few most like it: the sum of likenesses between their stories."""
    home = {stories.members[ref].story.id: name for name, refs in sorted(membership.items()) for ref in sorted(refs)}
    near: dict[str, Counter[str]] = {name: Counter() for name in membership}
    for first, second, value in edges:
        one, other = home.get(first), home.get(second)
        if one and other and one != other:
            weight = round(value * 1_000_000)
            near[one][other] += weight
            near[other][one] += weight
    return {
        name: tuple(sorted(found, key=lambda other: (-found[other], other))[:NEIGHBOURS])
        for name, found in near.items()
    }


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
