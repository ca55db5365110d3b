"""Keeping topics what they are: new groups take over the ids of old topics by the documents they share.

Merging and splitting wait for a second regroup that wants the same, so that a passing likeness does not rename anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

SURVIVES = 0.5  # share of a topic's documents that must stay together for it to be the same topic
BREAKS_OFF = 0.3  # share of a topic's documents that makes a part of it a split rather than a few that moved
SMALLEST = 2  # documents in a topic

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


def merge_proposal(topics: tuple[str, ...]) -> str:
    """How a wish to merge is remembered until the next regroup."""
    return "merge " + " ".join(topics)


def split_proposal(topic: str, part: frozenset[str]) -> str:
    """How a wish to split is remembered; the part is known by its oldest reference."""
    return f"split {topic} {min(part)}"


def continued(groups: Members, topics: Members, pending: frozenset[str]) -> Continued:
    """`groups` as continuations of `topics`, given what was proposed last time."""
    held = {topic: _overlaps(members, groups) for topic, members in topics.items()}
    claims: dict[str, list[str]] = defaultdict(list)
    for topic, overlaps in held.items():
        home = _home(topics[topic], overlaps)
        if home is not None:
            claims[home].append(topic)
    state = _State(groups, topics, pending)
    for group in sorted(claims):
        state.claim(group, sorted(claims[group], key=lambda topic: (-held[topic][group], topic)))
    for group in sorted(groups.keys() - claims.keys()):
        state.break_off(group)
    return state.result()


def _overlaps(members: frozenset[str], groups: Members) -> Counter[str]:
    return Counter({name: shared for name, group in groups.items() if (shared := len(members & group))})


def _home(members: frozenset[str], overlaps: Mapping[str, int]) -> str | None:
    """The group most of a topic's documents are in, if enough of them are together."""
    if not overlaps:
        return None
    home = min(overlaps, key=lambda group: (-overlaps[group], group))
    return home if overlaps[home] >= SURVIVES * len(members) else None


class _State:
    def __init__(self, groups: Members, topics: Members, pending: frozenset[str]) -> None:
        self._groups = groups
        self._topics = topics
        self._before = pending
        self._kept: dict[str, set[str]] = {}
        self._fresh: Members = {}
        self._merged: dict[str, tuple[str, ...]] = {}
        self._split: dict[str, list[str]] = defaultdict(list)
        self._pending: set[str] = set()

    def claim(self, group: str, claimants: list[str]) -> None:
        """Give `group` to its only claimant, or merge its claimants, or keep them apart until asked again."""
        survivor, *others = claimants
        proposal = merge_proposal(tuple(sorted(claimants)))
        if not others or proposal in self._before:
            self._kept.setdefault(survivor, set()).update(self._groups[group])
            if others:
                self._merged[survivor] = tuple(sorted(others))
            return
        self._pending.add(proposal)
        rest = set(self._groups[group])
        for topic in others:
            own = rest & self._topics[topic]
            self._kept.setdefault(topic, set()).update(own)
            rest -= own
        self._kept.setdefault(survivor, set()).update(rest)

    def break_off(self, group: str) -> None:
        """A group nobody claims: new, or a part of a topic that may leave it only when asked twice."""
        members = self._groups[group]
        parent = self._parent(members)
        if parent is None:
            self._fresh[group] = members
            return
        proposal = split_proposal(parent, members)
        if proposal in self._before:
            self._fresh[group] = members
            self._split[parent].append(group)
            return
        self._pending.add(proposal)
        self._kept.setdefault(parent, set()).update(members)

    def _parent(self, members: frozenset[str]) -> str | None:
        shares = {topic: len(members & held) for topic, held in self._topics.items() if members & held}
        large = {
            topic: shared
            for topic, shared in shares.items()
            if shared >= max(SMALLEST, BREAKS_OFF * len(self._topics[topic]))
        }
        return min(large, key=lambda topic: (-large[topic], topic)) if large else None

    def result(self) -> Continued:
        absorbed = {topic for topics in self._merged.values() for topic in topics}
        kept = {topic: frozenset(members) for topic, members in self._kept.items() if topic not in absorbed}
        split = {parent: tuple(groups) for parent, groups in self._split.items()}
        return Continued(kept, self._fresh, self._merged, split, frozenset(self._pending))
