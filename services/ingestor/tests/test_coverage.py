"""What was read of a channel, as a set of intervals."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.ingestor.coverage import gaps, holds, missing, united

INTERVALS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=8
)


def ids(intervals: object) -> set[int]:
    assert isinstance(intervals, list | tuple)
    return {number for first, last in intervals for number in range(first, last + 1)}


@given(intervals=INTERVALS)
def test_a_united_set_has_the_same_ids_in_order_with_holes_between(intervals: list[tuple[int, int]]) -> None:
    whole = united(intervals)
    assert ids(whole) == ids(intervals)
    assert all(after[0] - before[1] >= 2 for before, after in pairwise(whole))


@given(intervals=INTERVALS)
def test_gaps_are_what_lies_between(intervals: list[tuple[int, int]]) -> None:
    covered = ids(intervals)
    holes = set(range(min(covered), max(covered) + 1)) - covered if covered else set[int]()
    assert ids(gaps(united(intervals))) == holes


@given(intervals=INTERVALS, first=st.integers(1, 40), length=st.integers(0, 30))
def test_what_is_missing_of_a_stretch_is_the_rest_of_it(
    intervals: list[tuple[int, int]], first: int, length: int
) -> None:
    wanted = (first, first + length)
    assert ids(missing(intervals, wanted)) == ids([wanted]) - ids(intervals)
    assert holds(intervals, wanted) is (ids([wanted]) <= ids(intervals))


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="9–3 is no interval"):
        united([(9, 3)])
