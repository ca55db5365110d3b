"""Keeping topics what they are: new groups take over the ids of old topics by the documents they share.

A topic goes where most of its living documents went, if at least half of them are there. Merging and splitting wait for
a second regroup that wants the same, so that a passing likeness renames nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SURVIVES: Final = 0.5  # share of a topic's documents that must stay together for it to be the same topic
BREAKS_OFF: Final = 0.3  # share of a topic's documents that makes a part of it a split rather than a few that moved
SMALLEST: Final = 2  # documents in a topic

Members = dict[str, frozenset[str]]
"""Name → documents."""


@dataclass(frozen=True, slots=True)
class Continued:
    """Groups under the names of topics. `fresh` holds groups that no topic claims, under their own names."""

    kept: Members
    fresh: Members
    merged: dict[str, tuple[str, ...]]
    split: dict[str, tuple[str, ...]]
    pending: frozenset[str]


def merge_proposal(one: str, other: str) -> str:
    """How a wish to merge two topics is remembered until the next regroup."""
    return f"merge {min(one, other)} {max(one, other)}"


def split_proposal(topic: str, part: frozenset[str]) -> str:
    """How a wish to split is remembered; the part is known by its first reference."""
    return f"split {topic} {min(part)}"


def continued(
    groups: Members, topics: Members, pending: frozenset[str], born: Mapping[str, int] = MappingProxyType({})
) -> Continued:
    """`groups` as continuations of `topics` (living documents of each), given what was proposed last time.

    Groups and topics are partitions: no document is in two of either. Ties go to the topic born first
    (`born`: topic → epoch), then to the lower id.
    """
    home: dict[str, str] = {ref: group for group, members in groups.items() for ref in members}
    state = _State(groups, topics, pending)
    claims: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for topic, members in topics.items():
        overlaps = Counter(home[ref] for ref in members if ref in home)
        group = min(overlaps, key=lambda name: (-overlaps[name], name), default=None)
        if group is not None and overlaps[group] >= SURVIVES * len(members):
            claims[group].append((-overlaps[group], born.get(topic, 0), topic))
    for group in sorted(claims):
        state.claim(group, [topic for _, _, topic in sorted(claims[group])])
    for group in sorted(groups.keys() - claims.keys()):
        state.break_off(group)
    return state.result()


class _State:
    def __init__(self, groups: Members, topics: Members, pending: frozenset[str]) -> None:
        self._groups = groups
        self._topics = topics
        self._topic_of = {ref: topic for topic, members in topics.items() for ref in members}
        self._before = pending
        self._kept: dict[str, set[str]] = defaultdict(set)
        self._fresh: Members = {}
        self._merged: dict[str, tuple[str, ...]] = {}
        self._split: dict[str, list[str]] = defaultdict(list)
        self._pending: set[str] = set()

    def claim(self, group: str, claimants: list[str]) -> None:
        """Give `group` to its first claimant; the others merge into it, or stay apart until asked again."""
        survivor, *others = claimants
        rest = set(self._groups[group])
        absorbed: list[str] = []
        for topic in others:
            proposal = merge_proposal(survivor, topic)
            if proposal in self._before:
                absorbed.append(topic)
                continue
            self._pending.add(proposal)
            own = rest & self._topics[topic]
            self._kept[topic] |= own
            rest -= own
        self._kept[survivor] |= rest
        if absorbed:
            self._merged[survivor] = tuple(sorted(absorbed))

    def break_off(self, group: str) -> None:
        """A group nobody claims: new, or a part of a topic that may leave it only when asked twice."""
        members = self._groups[group]
        parent = self._parent(members)
        if parent is None:
            self._fresh[group] = members
        elif (proposal := split_proposal(parent, members)) in self._before:
            self._fresh[group] = members
            self._split[parent].append(group)
        else:
            self._pending.add(proposal)
            self._kept[parent] |= members

    def _parent(self, members: frozenset[str]) -> str | None:
        shares = Counter(self._topic_of[ref] for ref in members if ref in self._topic_of)
        large = [topic for topic, n in shares.items() if n >= max(SMALLEST, BREAKS_OFF * len(self._topics[topic]))]
        return min(large, key=lambda topic: (-shares[topic], topic), default=None)

    def result(self) -> Continued:
        kept = {topic: frozenset(members) for topic, members in self._kept.items() if members}
        split = {parent: tuple(groups) for parent, groups in self._split.items()}
        return Continued(kept, self._fresh, self._merged, split, frozenset(self._pending))
