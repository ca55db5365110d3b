"""A clock that only those move who wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class MovingClock:
    """Sleepers move it, each to its own moment. `waits`: how long they slept, in seconds."""

    now: datetime = NOON
    waits: list[float] = field(default_factory=list[float])
    start: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.now

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return (self.now - self.start).total_seconds()

    def clock(self) -> datetime:
        """What it says."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait, which lets others run."""
        self.waits.append(round(seconds, 3))
        due = self.now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.now = max(self.now, due)

    def advance(self, seconds: float) -> None:
        """Let time pass in which nobody waits."""
        self.now += timedelta(seconds=seconds)
