"""Turns are given in order and within budget; floods are kept, learnt from and remembered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tg_parser.ingestor.budgets import Budget, Budgets
from tg_parser.ingestor.limiter import Limiter, Standing
from tg_parser.ingestor.ports import SourceParked
from tg_parser.testkit.moving_clock import MovingClock

ONE_A_SECOND = Budgets(get_history=Budget(rate=1, burst=1, together=1))


def limiter(time: MovingClock, budgets: Budgets = ONE_A_SECOND) -> Limiter:
    return Limiter(budgets, clock=time.clock, sleep=time.sleep)


async def test_a_hundred_calls_take_as_long_as_the_rate_says() -> None:
    time = MovingClock()
    limits = limiter(time)
    for _ in range(100):
        await limits.turn("getHistory", "a")
    assert time.passed == pytest.approx(99)


async def test_a_burst_is_let_through_at_once() -> None:
    time = MovingClock()
    limits = limiter(time, Budgets())
    for _ in range(3):
        await limits.turn("getHistory", "a")
    assert time.passed == 0


async def test_callers_line_up_instead_of_running_together() -> None:
    time, order = MovingClock(), list[tuple[int, float]]()
    limits = limiter(time)

    async def call(number: int) -> None:
        await limits.turn("getHistory", "a")
        order.append((number, round(time.passed)))

    await asyncio.gather(*(call(number) for number in range(5)))
    assert order == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]


async def test_accounts_do_not_wait_for_each_other_within_what_all_may_use() -> None:
    time = MovingClock()
    limits = limiter(time, Budgets(get_history=Budget(rate=1, together=2)))
    await limits.turn("getHistory", "a")
    await limits.turn("getHistory", "b")
    assert time.passed == 0
    await limits.turn("getHistory", "c")
    assert time.passed == pytest.approx(0.5)


async def test_methods_do_not_wait_for_each_other() -> None:
    time = MovingClock()
    limits = limiter(time)
    await limits.turn("getHistory", "a")
    await limits.turn("getFullChannel", "a")
    assert time.passed == 0


async def test_a_short_flood_is_waited_for_with_a_second_to_spare() -> None:
    time = MovingClock()
    limits = limiter(time)
    limits.flooded("getHistory", "a", 30)
    await limits.turn("getHistory", "a")
    assert time.passed == pytest.approx(31)


@pytest.mark.parametrize("seconds", [0, -7, 1])
async def test_a_flood_lasts_at_least_a_second(seconds: int) -> None:
    time = MovingClock()
    limits = limiter(time)
    limits.flooded("getHistory", "a", seconds)
    await limits.turn("getHistory", "a")
    assert time.passed == pytest.approx(2)


async def test_a_flood_of_a_minute_is_waited_for_and_one_of_two_parks() -> None:
    time = MovingClock()
    limits = limiter(time)
    limits.flooded("getHistory", "a", 60)
    await limits.turn("getHistory", "a")
    limits.flooded("getHistory", "a", 120)
    with pytest.raises(SourceParked) as parked:
        await limits.turn("getHistory", "a")
    assert (parked.value.method, parked.value.seconds, parked.value.account) == ("getHistory", 121, "a")
    assert time.passed == pytest.approx(61), "to be told of it takes no time"


async def test_a_parked_method_leaves_other_accounts_free() -> None:
    time = MovingClock()
    limits = limiter(time)
    limits.flooded("getHistory", "a", 20_000)
    await limits.turn("getHistory", "b")
    assert time.passed == 0


async def test_being_refused_takes_no_turn() -> None:
    time = MovingClock()
    limits = limiter(time)
    await limits.turn("getHistory", "a")
    for _ in range(50):
        with pytest.raises(SourceParked):
            await limits.turn("getHistory", "a", patience=0.5)
    await limits.turn("getHistory", "a", patience=1)
    assert time.passed == pytest.approx(1)


async def test_whoever_waits_when_a_flood_comes_keeps_it_too_and_lines_up_again() -> None:
    time, done = MovingClock(), list[int]()
    limits = limiter(time)
    await limits.turn("getHistory", "a")

    async def call() -> None:
        await limits.turn("getHistory", "a")
        done.append(round(time.passed))

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(call())
        group.create_task(flood(limits))
    assert done == [11, 13, 15], "after the pause, one by one, at half the rate"


async def flood(limits: Limiter) -> None:
    limits.flooded("getHistory", "a", 10)


async def test_a_flood_that_comes_while_one_waits_may_park() -> None:
    time = MovingClock()
    limits = limiter(time)
    await limits.turn("getHistory", "a")
    waiting = asyncio.create_task(limits.turn("getHistory", "a"))
    await asyncio.sleep(0)
    limits.flooded("getHistory", "a", 600)
    with pytest.raises(SourceParked):
        await waiting


async def test_a_day_has_only_so_many_calls_and_the_next_day_has_them_again() -> None:
    time = MovingClock(datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC))
    limits = limiter(time, Budgets(resolve_username=Budget(rate=10, burst=3, per_day=3)))
    for _ in range(3):
        await limits.turn("resolveUsername", "a")
    with pytest.raises(SourceParked):
        await limits.turn("resolveUsername", "a", patience=20)
    for _ in range(3):
        await limits.turn("resolveUsername", "a")
    assert time.passed == pytest.approx(30)
    with pytest.raises(SourceParked) as parked:
        await limits.turn("resolveUsername", "a")
    assert parked.value.seconds == 86_400


async def test_callers_who_wait_for_tomorrow_do_not_open_today_for_others() -> None:
    time = MovingClock(datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC))
    limits = limiter(time, Budgets(resolve_username=Budget(rate=10, burst=3, per_day=1)))
    await limits.turn("resolveUsername", "a")
    waiting = asyncio.create_task(limits.turn("resolveUsername", "a"))
    await asyncio.sleep(0)
    with pytest.raises(SourceParked):
        await limits.turn("resolveUsername", "a", patience=1)
    await waiting


async def test_what_was_learnt_survives_a_restart() -> None:
    time = MovingClock()
    before = limiter(time, Budgets())
    await before.turn("getDialogs", "a")
    before.flooded("getHistory", "a", 20_000)
    kept = [standing.model_dump_json() for standing in before.standings()]

    after = limiter(time, Budgets())
    after.restore(Standing.model_validate_json(line) for line in kept)
    with pytest.raises(SourceParked) as flooded:
        await after.turn("getHistory", "a")
    assert flooded.value.seconds == 20_001
    with pytest.raises(SourceParked) as spent:
        await after.turn("getDialogs", "a")
    assert spent.value.seconds == 600
    assert after.standings() == before.standings()


async def test_a_clock_set_back_does_not_stop_anyone_for_long() -> None:
    time = MovingClock()
    limits = limiter(time)
    await limits.turn("getHistory", "a")
    time.now -= timedelta(hours=3)
    start = time.now
    for _ in range(10):
        await limits.turn("getHistory", "a")
    assert (time.now - start).total_seconds() == pytest.approx(10)


def test_every_method_has_a_budget_of_its_own() -> None:
    budgets = Budgets()
    assert budgets.of("t.me/s") == budgets.preview
    assert budgets.of("joinChannel").per_day == 20
    assert budgets.of("getMessages").rate == pytest.approx(0.1)
