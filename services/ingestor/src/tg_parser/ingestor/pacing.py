"""The arithmetic of waiting one's turn: a token bucket that slows down after a flood and recovers slowly. Pure.

Times are seconds since 1970, so that what is remembered means the same after a restart.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from tg_parser.ingestor.budgets import Budget

DAY: Final = 86_400
CALM: Final = 600.0  # seconds without a flood that earn one step back
STEP: Final = 0.05  # of the full rate
SLOWEST: Final = 1 / 16  # of the full rate
MARGIN: Final = 1.0  # seconds kept beyond what Telegram asks for: its clock is not ours


class Bucket(BaseModel):
    """How one method stands with one account, or with all of them. As data it survives a restart.

    `tokens`, as of `at`, is below zero while calls that were let through still wait for their moment; None: full.
    `pace` is the share of the rate that was left by the flood at `slowed_at`.
    """

    model_config = ConfigDict(frozen=True)

    tokens: float | None = None
    at: float = 0.0
    blocked_until: float = 0.0
    floods: int = 0
    pace: float = 1.0
    slowed_at: float = 0.0
    day: int = 0
    used: int = 0


class Turn(NamedTuple):
    """How long to wait for it, in seconds, and the bucket once it is taken."""

    wait: float
    after: Bucket


def next_turn(bucket: Bucket, budget: Budget, now: float) -> Turn:
    """The next turn there is. Taking it while others wait means to wait behind them."""
    tomorrow = float((_day(now) + 1) * DAY)
    start = max(now, bucket.blocked_until, tomorrow if _spent(bucket, budget, now) else 0.0)
    rate = budget.rate * pace_of(bucket, now)
    tokens = _tokens(bucket, budget, rate, start)
    wait = start - now + max(0.0, 1 - tokens) / rate
    after = bucket.model_copy(
        update={"tokens": tokens - 1, "at": start, "day": _day(start), "used": _used(bucket, start) + 1}
    )
    return Turn(wait, after)


def flooded(bucket: Bucket, seconds: float, now: float) -> Bucket:
    """After Telegram asked for a pause. Answers to calls already under way tell of the same flood: it halves the pace once."""
    until = max(bucket.blocked_until, now + max(1.0, seconds) + MARGIN)
    slower = bucket if now < bucket.blocked_until else slowed(bucket, now)
    # One call when the pause is over, then the others at the new pace; whoever waited lines up again.
    return slower.model_copy(update={"tokens": 1.0, "at": until, "blocked_until": until, "floods": bucket.floods + 1})


def slowed(bucket: Bucket, now: float) -> Bucket:
    """At half its pace."""
    return bucket.model_copy(update={"pace": max(SLOWEST, pace_of(bucket, now) / 2), "slowed_at": now})


def pace_of(bucket: Bucket, now: float) -> float:
    """The share of its rate a bucket gives now: five hundredths come back for every ten calm minutes."""
    calm = max(0.0, now - max(bucket.slowed_at, bucket.blocked_until))
    return min(1.0, bucket.pace + STEP * (calm // CALM))


def _tokens(bucket: Bucket, budget: Budget, rate: float, when: float) -> float:
    if bucket.tokens is None:
        return float(budget.burst)
    return min(float(budget.burst), bucket.tokens + max(0.0, when - bucket.at) * rate)


def _spent(bucket: Bucket, budget: Budget, now: float) -> bool:
    """Whether the day's calls are used up; they are, too, if a call of tomorrow has been let through already."""
    return budget.per_day is not None and (bucket.day > _day(now) or _used(bucket, now) >= budget.per_day)


def _used(bucket: Bucket, when: float) -> int:
    return bucket.used if bucket.day == _day(when) else 0


def _day(when: float) -> int:
    return int(when // DAY)
