"""Jobs that were lost: a queue restored from an older copy, a worker that settled without an outcome. They are issued again.

A job is lost if it was issued long ago, its message has no outcome although the ledger has heard everything, and no job
of its workflow is in the queue any more: a slow worker's job still is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.database import DATABASE_ERRORS
from tg_parser.chassis.errors import TransientError
from tg_parser.orchestrator.ports import OverdueJobs, QueueLength

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Finds lost jobs and gives their messages back to the dispatcher."""

    jobs: OverdueJobs
    queue: QueueLength
    clock: Callable[[], datetime]
    current: Callable[[], Awaitable[object]]
    """Returns when the ledger has heard everything that is in the log now."""
    found: Callable[[], None]
    """Called when there is something to issue again."""
    sweep_every_s: float
    lost_after_s: float

    async def run(self) -> None:
        """Sweep for ever; a supervised task."""
        while not asked_to_stop():
            await asyncio.sleep(self.sweep_every_s)
            try:
                await self.sweep()
            except (*DATABASE_ERRORS, TransientError) as error:
                log.warning("A sweep is put off.", action="sweep_retry", error=str(error)[:300])

    async def sweep(self) -> int:
        """Take back what was lost; returns how many messages get another job."""
        before = self.clock() - timedelta(seconds=self.lost_after_s)
        lost = 0
        for scope in await self.jobs.overdue(before):
            if await self.queue.waiting(scope[0]) == 0:
                await self.current()  # an outcome told before its job was settled is in the ledger after this
                lost += await self.jobs.take_back(scope, before)
        if lost:
            log.warning("Lost jobs are issued again.", action="jobs_lost", number=lost)
            self.found()
        return lost
