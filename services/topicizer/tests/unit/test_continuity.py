from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.topicizer.domain.continuity import Continued, Members, continued


def members(**groups: str) -> Members:
    """Each letter is a document."""
    return {name: frozenset(letters) for name, letters in groups.items()}


def twice(groups: Members, topics: Members) -> tuple[Continued, Continued]:
    first = continued(groups, topics, frozenset())
    return first, continued(groups, topics, first.pending)


def test_a_group_keeps_the_name_of_the_topic_it_holds_most_of() -> None:
    result = continued(members(g="abcx"), members(T="abcd"), frozenset())
    assert result.kept == members(T="abcx")
    assert not result.fresh


def test_a_group_of_new_documents_is_new() -> None:
    result = continued(members(g="ab", h="xy"), members(T="ab"), frozenset())
    assert (result.kept, result.fresh) == (members(T="ab"), members(h="xy"))


def test_half_of_the_documents_are_enough_to_survive_and_fewer_are_not() -> None:
    assert "T" in continued(members(g="abxyz"), members(T="abcd"), frozenset()).kept
    scattered = continued(members(g="aw", h="bx", i="cy"), members(T="abcd"), frozenset())
    assert "T" not in scattered.kept


def test_a_merge_waits_for_a_second_regroup_that_wants_it() -> None:
    groups, topics = members(g="abcdefx"), members(S="abcd", T="ef")
    first, second = twice(groups, topics)
    assert first.kept == members(S="abcdx", T="ef")
    assert not first.merged
    assert second.kept == members(S="abcdefx")
    assert second.merged == {"S": ("T",)}
    assert not second.pending


def test_a_merge_not_wanted_again_is_forgotten() -> None:
    topics = members(S="abcd", T="ef")
    first = continued(members(g="abcdef"), topics, frozenset())
    calm = continued(members(g="abcd", h="ef"), topics, first.pending)
    assert not calm.pending
    assert not continued(members(g="abcdef"), topics, calm.pending).merged


def test_a_third_topic_that_wants_to_join_does_not_hold_up_the_other_two() -> None:
    topics = members(S="abcd", T="ef", U="gh")
    first = continued(members(g="abcdef", h="gh"), topics, frozenset())
    second = continued(members(g="abcdefgh"), topics, first.pending)
    assert second.merged == {"S": ("T",)}
    assert second.kept == members(S="abcdef", U="gh")


def test_of_equals_the_topic_born_first_survives_a_merge() -> None:
    groups, topics, born = members(g="abcd"), members(A="ab", Z="cd"), {"A": 7, "Z": 2}
    first = continued(groups, topics, frozenset(), born)
    assert continued(groups, topics, first.pending, born).merged == {"Z": ("A",)}


def test_a_split_waits_for_a_second_regroup_that_wants_it() -> None:
    groups, topics = members(g="abcd", h="efgx"), members(T="abcdefg")
    first, second = twice(groups, topics)
    assert first.kept == members(T="abcdefgx")
    assert second.kept == members(T="abcd")
    assert second.fresh == members(h="efgx")
    assert second.split == {"T": ("h",)}


def test_a_few_documents_may_move_to_a_new_topic_without_a_split() -> None:
    result = continued(members(g="abcdefghi", h="jxyz"), members(T="abcdefghij"), frozenset())
    assert result.fresh == members(h="jxyz")
    assert not result.split


@pytest.mark.parametrize("pending", [frozenset[str](), frozenset({"merge S T", "split S a"})])
def test_nothing_changes_where_groups_are_the_topics(pending: frozenset[str]) -> None:
    topics = members(S="abc", T="de")
    result = continued(members(g="abc", h="de"), topics, pending)
    assert result == Continued(topics, {}, {}, {}, frozenset())


PARTITION = st.lists(st.integers(0, 4), min_size=12, max_size=12)


@given(now=PARTITION, before=PARTITION, rounds=st.integers(1, 3))
def test_every_document_of_a_group_is_in_exactly_one_topic(now: list[int], before: list[int], rounds: int) -> None:
    groups = parted("g", now)
    topics = parted("T", before)
    pending: frozenset[str] = frozenset()
    for _ in range(rounds):
        result = continued(groups, topics, pending)
        placed = [ref for refs in (*result.kept.values(), *result.fresh.values()) for ref in refs]
        assert sorted(placed) == sorted(ref for refs in groups.values() for ref in refs)
        pending = result.pending


def parted(prefix: str, numbers: list[int]) -> Members:
    return {
        f"{prefix}{number}": frozenset(f"d{place}" for place, its in enumerate(numbers) if its == number)
        for number in set(numbers)
    }
