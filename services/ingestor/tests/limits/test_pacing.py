"""The arithmetic of turns, at single moments."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.ingestor.budgets import Budget
from tg_parser.ingestor.pacing import CALM, SLOWEST, Bucket, flooded, next_turn, pace_of, slowed

NOW = 1_772_366_400.0
BUDGET = Budget(rate=2, burst=3)


def test_a_flood_halves_the_pace_and_ten_calm_minutes_bring_back_a_twentieth() -> None:
    bucket = flooded(Bucket(), 9, NOW)
    assert pace_of(bucket, NOW + 10) == 0.5
    assert pace_of(bucket, NOW + 10 + CALM - 1) == 0.5
    assert pace_of(bucket, NOW + 10 + CALM) == pytest.approx(0.55)
    assert pace_of(bucket, NOW + 10 + 10 * CALM) == pytest.approx(1.0)
    assert pace_of(bucket, NOW + 10 + 500 * CALM) == 1.0


def test_floods_of_calls_already_under_way_halve_the_pace_once() -> None:
    bucket = Bucket()
    for delay in range(5):
        bucket = flooded(bucket, 30, NOW + delay)
    assert pace_of(bucket, NOW + 5) == 0.5
    assert bucket.blocked_until == NOW + 4 + 31


def test_a_shorter_flood_does_not_shorten_a_longer_one() -> None:
    assert flooded(flooded(Bucket(), 600, NOW), 5, NOW + 1).blocked_until == NOW + 601


def test_the_pace_never_falls_to_nothing() -> None:
    bucket = Bucket()
    for _ in range(20):
        bucket = slowed(bucket, NOW)
    assert pace_of(bucket, NOW) == SLOWEST


def test_after_a_pause_there_is_no_burst() -> None:
    bucket = next_turn(flooded(Bucket(), 9, NOW), BUDGET, NOW + 10).after
    assert next_turn(bucket, BUDGET, NOW + 10).wait == pytest.approx(1.0), "two a second, halved"


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_no_stretch_of_time_holds_more_turns_than_burst_and_rate_allow(pauses: list[float]) -> None:
    now, bucket, turns = NOW, Bucket(), list[float]()
    for pause in pauses:
        now += pause
        wait, bucket = next_turn(bucket, BUDGET, now)
        turns.append(now + wait)
    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(turns))
    for first, begin in enumerate(turns):
        for count, end in enumerate(turns[first:], start=1):
            assert count <= BUDGET.burst + BUDGET.rate * (end - begin) + 1e-4
