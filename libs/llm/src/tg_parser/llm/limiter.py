"""How many calls go to one model at once: as many as the provider bears, in turns between those who ask.

Additive increase, multiplicative decrease: one more for each round of answers, half as many when the provider throttles.
A wait that the provider asks for freezes everybody who shares the key.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tg_parser.llm.errors import ModelError, ModelUnavailableError, OverloadedError, ThrottledError

FIRST_PAUSE = 1.0  # seconds; where a provider throttles without saying how long, doubled each time it does so again
LONGEST_PAUSE = 60.0  # seconds
SPREAD = 0.1  # of a wait, added at random, so that several processes do not come back in the same instant


@dataclass(slots=True)
class Place:
    """The right to make one call. `epoch` is how often the limit had been cut when it was given."""

    epoch: int


class CallLimiter:
    """Places for calls to one model under one key. All methods belong to one event loop.

    Args:
        who: the model, as the beginning of a sentence.
        ceiling: calls at once at the most, and at the start.
        patience_s: seconds a caller is let wait for a freeze to end; a longer one is told to him at once.
        clock: monotonic seconds.
        chance: numbers in [0, 1).
    """

    def __init__(
        self,
        who: str,
        ceiling: int,
        *,
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._who = who
        self._ceiling = ceiling
        self._patience_s = patience_s
        self._clock = clock
        self._chance = chance
        self._limit = float(ceiling)
        self._running = 0
        self._epoch = 0
        self._pause = FIRST_PAUSE
        self._frozen_until = float("-inf")
        self._waiting: OrderedDict[str, deque[asyncio.Future[Place]]] = OrderedDict()
        self._thaw: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Calls allowed at once now."""
        return max(1, int(self._limit))

    @property
    def frozen_s(self) -> float:
        """Seconds until calls may begin again; 0 if they may."""
        return max(0.0, self._frozen_until - self._clock())

    @asynccontextmanager
    async def place(self, turn: str) -> AsyncGenerator[Place]:
        """One place, when there is one. Those who wait under different `turn`s are served in rotation.

        Raises:
            ModelUnavailableError: calls are frozen for longer than anybody should wait.
        """
        given = await self._given(turn)
        try:
            yield given
        finally:
            self._running -= 1
            self._deal()

    def answered(self, place: Place) -> None:
        """The provider did not throttle the call of `place`."""
        if place.epoch == self._epoch:
            self._pause = FIRST_PAUSE
            self._limit = min(self._ceiling, self._limit + 1 / self._limit)

    def throttled(self, place: Place, error: ModelError) -> None:
        """The provider did: fewer calls, and none before the time it named. Calls of one round cut the limit once."""
        if not isinstance(error, ThrottledError | OverloadedError):
            return
        first = place.epoch == self._epoch
        if first:
            self._epoch += 1
            self._limit = max(1.0, self._limit / 2)
        if error.retry_after is not None:
            self._freeze(error.retry_after)
        elif first and isinstance(error, ThrottledError):
            self._freeze(self._pause)
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    async def _given(self, turn: str) -> Place:
        if self.frozen_s > self._patience_s:
            raise self._unavailable()
        place: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(turn, deque()).append(place)
        self._deal()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:  # given and given up at once
                self._running -= 1
                self._deal()
            raise

    def _deal(self) -> None:
        if self.frozen_s > 0:
            self._deal_later()
            return
        while self._waiting and self._running < self.limit:
            turn, line = self._waiting.popitem(last=False)
            place = line.popleft()
            if line:
                self._waiting[turn] = line  # to the end of the rotation
            if not place.done():
                self._running += 1
                place.set_result(Place(self._epoch))

    def _deal_later(self) -> None:
        if self._waiting and self._thaw is None:
            self._thaw = asyncio.get_running_loop().call_later(self.frozen_s, self._thawed)

    def _thawed(self) -> None:
        self._thaw = None
        self._deal()

    def _freeze(self, seconds: float) -> None:
        until = self._clock() + seconds * (1 + SPREAD * self._chance())
        self._frozen_until = max(self._frozen_until, until)
        if self.frozen_s > self._patience_s:
            self._send_away()

    def _send_away(self) -> None:
        waiting, self._waiting = self._waiting, OrderedDict()
        for line in waiting.values():
            for place in line:
                if not place.done():
                    place.set_exception(self._unavailable())

    def _unavailable(self) -> ModelUnavailableError:
        return ModelUnavailableError(
            f"{self._who} asked to be left alone for {self.frozen_s:.0f} s.", retry_after=self.frozen_s
        )
