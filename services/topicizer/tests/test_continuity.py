from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.topicizer.domain.continuity import Members, continued

A, B = frozenset({"a1", "a2", "a3", "a4"}), frozenset({"b1", "b2", "b3"})


def test_a_group_that_keeps_most_of_a_topic_is_that_topic() -> None:
    found = continued({"g": frozenset({"a1", "a2", "a3", "n1"})}, {"A": A}, frozenset())
    assert found.kept == {"A": frozenset({"a1", "a2", "a3", "n1"})}
    assert not found.fresh


def test_two_topics_become_one_only_when_it_is_wanted_twice() -> None:
    groups = {"g": A | B}
    first = continued(groups, {"A": A, "B": B}, frozenset())
    assert first.kept == {"A": A, "B": B}
    assert not first.merged
    second = continued(groups, first.kept, first.pending)
    assert second.kept == {"A": A | B}
    assert second.merged == {"A": ("B",)}


def test_a_topic_is_split_only_when_it_is_wanted_twice() -> None:
    whole = A | frozenset({"x1", "x2", "x3"})
    groups = {"g": A, "h": frozenset({"x1", "x2", "x3"})}
    first = continued(groups, {"A": whole}, frozenset())
    assert first.kept == {"A": whole}
    second = continued(groups, first.kept, first.pending)
    assert second.kept == {"A": A}
    assert second.fresh == {"h": groups["h"]}
    assert second.split == {"A": ("h",)}


def test_a_wish_that_is_not_repeated_is_forgotten() -> None:
    first = continued({"g": A | B}, {"A": A, "B": B}, frozenset())
    calm = continued({"g": A, "h": B}, first.kept, first.pending)
    again = continued({"g": A | B}, calm.kept, calm.pending)
    assert not again.merged


DOCUMENTS = [f"d{number}" for number in range(14)]


def partitions(labels: list[int]) -> Members:
    groups: dict[str, set[str]] = {}
    for document, label in zip(DOCUMENTS, labels, strict=True):
        groups.setdefault(f"p{label}", set()).add(document)
    return {name: frozenset(members) for name, members in groups.items()}


LABELS = st.lists(st.integers(0, 4), min_size=len(DOCUMENTS), max_size=len(DOCUMENTS)).map(partitions)


@settings(max_examples=200, deadline=None)
@given(LABELS, st.lists(LABELS, min_size=1, max_size=4))
def test_every_document_is_in_exactly_one_group_through_any_history(topics: Members, history: list[Members]) -> None:
    pending: frozenset[str] = frozenset()
    for groups in history:
        found = continued(groups, topics, pending)
        placed = [document for members in (*found.kept.values(), *found.fresh.values()) for document in members]
        assert sorted(placed) == sorted(DOCUMENTS)
        assert not {gone for names in found.merged.values() for gone in names} & found.kept.keys()
        topics, pending = (
            {**found.kept, **{f"new {name}": members for name, members in found.fresh.items()}},
            found.pending,
        )
