from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.telethon.plan import MOST_STRETCHES, Mark, planned, shown

INTERVALS = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))))


def inside(stretches: object) -> set[int]:
    assert isinstance(stretches, tuple)
    return {number for first, last in stretches for number in range(first, last + 1)}


@given(covered=INTERVALS, first=st.integers(1, 200), width=st.integers(0, 300), recent=st.integers(1, 600))
def test_everything_uncovered_and_everything_recent_is_read_once(
    covered: list[tuple[int, int]], first: int, width: int, recent: int
):
    last = first + width
    stretches = planned((first, last), covered, recent)
    known = inside(tuple(covered))
    wanted = {number for number in range(first, last + 1) if number not in known or number >= recent}
    assert inside(stretches) == wanted
    assert sum(end - begin + 1 for begin, end in stretches) == len(wanted)
    assert list(stretches) == sorted(stretches, reverse=True)


def test_a_plan_with_very_many_gaps_still_fits_into_a_mark_and_misses_nothing():
    covered = [(10 * number, 10 * number + 4 + number % 3) for number in range(1, 5000)]
    stretches = planned((1, 1_000_000_000), covered, 1_000_000_001)
    assert len(stretches) <= MOST_STRETCHES
    assert len(str(Mark("1234567890123", stretches, 2_592_000))) < 4096
    known = inside(tuple(covered))
    assert inside(tuple((first, min(last, 60_000)) for first, last in stretches)) >= set(range(1, 60_000)) - known


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(10, 20)), max_size=3))
def test_a_mark_comes_back_as_it_was(left: list[tuple[int, int]]):
    mark = Mark("1001", tuple(left), 3600)
    assert Mark.read(str(mark)) == mark
    assert Mark.read("") == Mark()


def test_what_was_seen_and_not_told_is_never_said_to_be_gone():
    pieces = shown("1", (1, 10), {4, 5, 8}, certain=True)
    assert [(piece.first, piece.last, piece.exhaustive) for piece in pieces] == [
        (1, 3, True), (4, 5, False), (6, 7, True), (8, 8, False), (9, 10, True),
    ]  # fmt: skip
    assert [piece.exhaustive for piece in shown("1", (1, 10), (), certain=False)] == [False]
