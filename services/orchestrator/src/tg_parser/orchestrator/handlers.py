"""Commands in, events out: load, fold, decide, append; and again from the start if somebody else was first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom
from typing import Final

from tg_parser.chassis.errors import ConcurrencyError, TransientError
from tg_parser.chassis.metrics import OCC_CONFLICTS
from tg_parser.contracts.model import WorkflowEvent
from tg_parser.orchestrator.domain.commands import Command
from tg_parser.orchestrator.domain.saga import Rules, decide
from tg_parser.orchestrator.domain.state import Workflow, fold
from tg_parser.orchestrator.ports import WorkflowLog

ATTEMPTS: Final = 5
LONGEST_WAIT: Final = 0.05  # seconds before the second attempt at most; the others wait a multiple of it


def jitter(attempt: int) -> float:
    """Seconds to wait after the failed `attempt`, from 1: random, so that two writers do not meet again."""
    return SystemRandom().uniform(0, LONGEST_WAIT * attempt)


@dataclass(frozen=True, slots=True)
class WorkflowCommands:
    """Gives commands to workflows. Any number may run at once, anywhere: the log lets one of them through."""

    log: WorkflowLog
    rules: Rules
    clock: Callable[[], datetime]
    wait: Callable[[int], float] = jitter

    async def load(self, workflow_id: str) -> tuple[Workflow, int]:
        """The workflow as it stands, and the position of its last event."""
        entries = await self.log.load(workflow_id)
        return fold(entry.message for entry in entries), entries[-1].seq if entries else 0

    async def execute(self, workflow_id: str, command: Command) -> tuple[WorkflowEvent, ...]:
        """Append what follows from `command`, and return it: nothing, if the workflow knows already or is over.

        Raises TransientError if the log is away or others kept being faster.
        """
        for attempt in range(1, ATTEMPTS + 1):
            state, last_seq = await self.load(workflow_id)
            events = decide(command, state, self.clock(), self.rules)
            if not events:
                return ()
            try:
                await self.log.append(workflow_id, events, expected_seq=last_seq)
            except ConcurrencyError:
                OCC_CONFLICTS.inc()
                await asyncio.sleep(self.wait(attempt))
            else:
                return events
        raise TransientError(f"Workflow {workflow_id} changed {ATTEMPTS} times while a command was being decided.")
