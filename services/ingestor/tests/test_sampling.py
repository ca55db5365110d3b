"""When counters are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.ingestor.sampling import MOMENTS, sample

POSTED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "moment"),
    [
        (timedelta(0), 0),
        (timedelta(minutes=14), 0),
        (timedelta(minutes=15), 1),
        (timedelta(hours=2), 2),
        (timedelta(days=2), 5),
        (timedelta(days=4000), len(MOMENTS) - 1),
    ],
)
def test_a_post_is_sampled_often_while_it_is_young(age: timedelta, moment: int) -> None:
    assert sample(POSTED, POSTED + age) == moment


def test_a_clock_behind_telegrams_sees_the_first_moment() -> None:
    assert sample(POSTED, POSTED - timedelta(seconds=5)) == 0
