from __future__ import annotations

from tg_parser.topicizer.domain.partition import Edge, Granularity, partition

GRANULARITY = Granularity()
BETWEEN = GRANULARITY.resolution - GRANULARITY.inertia / 2
"""A likeness that is too little to unite and enough to stay."""


def grouped(edges: list[Edge], current: dict[str, str]) -> set[frozenset[str]]:
    found = partition(edges, current, GRANULARITY)
    return {frozenset(name for name in found if found[name] == group) for group in found.values()}


def test_stories_that_are_alike_are_one_group_named_for_the_first() -> None:
    edges = [("a", "b", 0.5), ("a", "c", 0.4), ("b", "c", 0.6), ("d", "e", 0.5)]
    assert partition(edges, {}, GRANULARITY) == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}


def test_a_weak_likeness_does_not_unite_and_does_not_part() -> None:
    edges = [("a", "b", BETWEEN)]
    assert grouped(edges, {}) == {frozenset("a"), frozenset("b")}
    assert grouped(edges, {"a": "T", "b": "T"}) == {frozenset("ab")}
    assert grouped(edges, {"a": "T", "b": "U"}) == {frozenset("a"), frozenset("b")}


def test_a_chain_of_likenesses_is_not_one_group() -> None:
    chain = [(f"{n:02}", f"{n + 1:02}", 0.2) for n in range(20)]
    assert len(grouped(chain, {})) > 3


def test_without_likenesses_there_are_no_groups() -> None:
    assert partition([], {}, GRANULARITY) == {}
