"""Who may call Telegram when: one limiter for a whole process, every account and every method.

Before each call `await limiter.turn(method, account)`; on a flood `limiter.flooded(method, account, seconds)`, then tell it
(`FloodSeen`), and wait for the next turn, which raises SourceParked if the pause is too long to be waited for.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict

from tg_parser.chassis.clock import Clock, system_clock
from tg_parser.ingestor.budgets import Budget, Budgets, Method
from tg_parser.ingestor.pacing import MARGIN, Bucket, flooded, next_turn, slowed
from tg_parser.ingestor.ports import SourceParked

PATIENCE: Final = 60.0 + 2 * MARGIN
"""Seconds. A pause of up to a minute is waited for; a longer one is somebody else's chance to work."""

Sleep = Callable[[float], Awaitable[None]]
_Place = tuple[Method, str | None]  # account None: all accounts of the process together


class Standing(BaseModel):
    """How a method stands with an account (None: with all accounts together), to be kept and given back after a restart."""

    model_config = ConfigDict(frozen=True)

    method: Method
    account: str | None
    bucket: Bucket


class Limiter:
    """Keeps every method within its budget, per account and for all accounts together, and learns from floods."""

    def __init__(
        self, budgets: Budgets | None = None, *, clock: Clock = system_clock, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._budgets = budgets or Budgets()
        self._clock = clock
        self._sleep = sleep
        self._buckets: dict[_Place, Bucket] = {}

    async def turn(self, method: Method, account: str = "", *, patience: float = PATIENCE) -> None:
        """Wait until `account` may call `method`; turns are given in the order they were asked for.

        Raises SourceParked, at once, if that takes more than `patience` seconds, and when a flood makes it take longer.
        """
        deadline = self._now() + patience
        while (wait := self._reserved(method, account, deadline)) > 0:
            floods = self._bucket(method, account).floods
            await self._sleep(wait)
            if self._bucket(method, account).floods == floods:
                return

    def flooded(self, method: Method, account: str, seconds: float) -> None:
        """Telegram asks `account` not to call `method` for `seconds`; zero and less have been seen and mean one.

        All accounts slow down, because floods come to an address as well as to an account.
        """
        now, before = self._now(), self._bucket(method, account)
        if now >= before.blocked_until:
            self._buckets[method, None] = slowed(self._bucket(method, None), now)
        self._buckets[method, account] = flooded(before, seconds, now)

    def standings(self) -> tuple[Standing, ...]:
        """Everything to remember, blocks and learnt rates and what is left of the day among it."""
        return tuple(
            Standing(method=method, account=account, bucket=bucket)
            for (method, account), bucket in self._buckets.items()
        )

    def restore(self, standings: Iterable[Standing]) -> None:
        """Go on from what `standings` gave. To be called before the first turn."""
        self._buckets |= {(standing.method, standing.account): standing.bucket for standing in standings}

    def _reserved(self, method: Method, account: str, deadline: float) -> float:
        """Seconds until the turn that is taken hereby."""
        now, budget = self._now(), self._budgets.of(method)
        own = next_turn(self._bucket(method, account), budget, now)
        shared = next_turn(self._bucket(method, None), _together(budget), now)
        wait = max(own.wait, shared.wait)
        if now + wait > deadline:
            raise SourceParked(method, math.ceil(wait), account)
        self._buckets[method, account], self._buckets[method, None] = own.after, shared.after
        return wait

    def _bucket(self, method: Method, account: str | None) -> Bucket:
        return self._buckets.get((method, account), Bucket())

    def _now(self) -> float:
        return self._clock().timestamp()


def _together(budget: Budget) -> Budget:
    most = None if budget.per_day is None else int(budget.per_day * budget.together)
    return Budget(rate=budget.rate * budget.together, burst=int(budget.burst * budget.together), per_day=most)
