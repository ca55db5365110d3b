"""Live numbers: a snapshot at most twice a second, and a word to the saga now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.database import DATABASE_ERRORS
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.workflows import WorkflowProgress
from tg_parser.orchestrator.domain.commands import RecordProgress
from tg_parser.orchestrator.handlers import WorkflowCommands
from tg_parser.orchestrator.ports import Counters, Scope, Snapshots

log = structlog.get_logger(__name__)

EVERY: Final = 0.5  # seconds between snapshots
STEPS: Final = 10
QUIET: Final = 30.0  # seconds after which the saga is asked even without another tenth


@dataclass
class ProgressTeller:
    """Tells how far workflows are, to whoever watches and to their own logs."""

    counters: Counters
    snapshots: Snapshots
    commands: WorkflowCommands
    clock: Callable[[], datetime]
    _touched: set[Scope] = field(default_factory=set[Scope])
    _told: dict[Scope, tuple[int, datetime]] = field(default_factory=dict[Scope, tuple[int, datetime]])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, batch: Sequence[Recorded]) -> None:
        """These facts are in the ledger now."""
        touched = {(entry.workflow_id, entry.generation) for entry in batch if entry.workflow_id}
        if touched:
            self._touched |= touched
            self._wake.set()

    async def run(self) -> None:
        """Tell for ever; a supervised task."""
        while not asked_to_stop():
            await self._wake.wait()
            try:
                await self.tell()
            except (*DATABASE_ERRORS, TransientError) as error:
                log.warning("Progress is not told just now.", action="progress_retry", error=str(error)[:300])
            await asyncio.sleep(EVERY)

    async def tell(self) -> None:
        """Tell of every workflow that was touched since the last time."""
        self._wake.clear()
        touched, self._touched = self._touched, set()
        for progress in await self.counters.progress(touched, self.clock()):
            await self.snapshots.put(progress)
            if self._worth_an_event(progress):
                await self._record(progress)

    def _worth_an_event(self, progress: WorkflowProgress) -> bool:
        """A cheap look before the log is loaded: the saga decides by itself what is worth telling."""
        counts = progress.stages["process"]
        settled = counts.done + counts.failed + counts.skipped
        tenth = STEPS * settled // counts.expected if counts.expected else 0
        scope = (progress.workflow_id, progress.generation)
        if tenth >= STEPS:  # its end is told by the ledger's notice
            self._told.pop(scope, None)
            return False
        last_tenth, last_at = self._told.setdefault(scope, (0, progress.at))
        worth = settled > 0 and (tenth > last_tenth or (progress.at - last_at).total_seconds() >= QUIET)
        if worth:
            self._told[scope] = (tenth, progress.at)
        return worth

    async def _record(self, progress: WorkflowProgress) -> None:
        counts = progress.stages["process"]
        command = RecordProgress(
            "process", counts.expected, counts.done, counts.failed, counts.skipped, progress.generation
        )
        await self.commands.execute(progress.workflow_id, command)
