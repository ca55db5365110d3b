"""Where a reading goes on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.preview.marks import Mark, mark_of, next_before

STRETCHES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6
)


def test_what_is_covered_directly_below_is_left_out() -> None:
    assert next_before([(1, 300), (500, 900)], 901) == 500
    assert next_before([(1, 300), (500, 900)], 700) == 500
    assert next_before([(1, 300), (500, 900)], 301) == 1
    assert next_before([(1, 300), (500, 900)], 950) == 950
    assert next_before([], 17) == 17


@given(STRETCHES, st.integers(1, 70))
def test_only_covered_ids_are_left_out_and_the_next_one_is_not_covered(
    coverage: list[tuple[int, int]], before: int
) -> None:
    covered = {number for first, last in coverage for number in range(first, last + 1)}
    after = next_before(coverage, before)
    assert all(number in covered for number in range(after, before))
    assert after - 1 not in covered


def test_a_mark_survives_being_written_down() -> None:
    mark = Mark(channel_id="1234567890", before=17, skip=2, older=True)
    assert mark_of(mark.model_dump_json(exclude_defaults=True)) == mark
    assert mark_of("") is None
