"""Timers that have come: the server tells them, the workflow or the follower decides whether they still matter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.subjects import FOLLOW_FIRED
from tg_parser.contracts.workflows import StageTimerFired
from tg_parser.orchestrator.domain.commands import StageTimeout
from tg_parser.orchestrator.handlers import WorkflowCommands


@dataclass(frozen=True, slots=True)
class TimerReactor:
    """Hears every timer that has come, at least once."""

    commands: WorkflowCommands
    look: Callable[[Recorded], Awaitable[None]]
    """Told of the timers of followed sources."""

    async def __call__(self, entry: Recorded) -> None:
        """Tell whom it concerns. A timer of a stage that is over decides nothing."""
        if entry.subject.startswith(FOLLOW_FIRED):
            await self.look(entry)
            return
        fired = StageTimerFired.model_validate_json(entry.body)
        await self.commands.execute(fired.workflow_id, StageTimeout(fired.stage, fired.timer_id))
