"""Time-outs that have come: the server tells them, the workflow decides whether they still matter."""

from __future__ import annotations

from dataclasses import dataclass

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.workflows import StageTimerFired
from tg_parser.orchestrator.domain.commands import StageTimeout
from tg_parser.orchestrator.handlers import WorkflowCommands


@dataclass(frozen=True, slots=True)
class TimerReactor:
    """Hears every timer that has come, at least once."""

    commands: WorkflowCommands

    async def __call__(self, entry: Recorded) -> None:
        """Tell the workflow. A timer of a stage that is over decides nothing."""
        fired = StageTimerFired.model_validate_json(entry.body)
        await self.commands.execute(fired.workflow_id, StageTimeout(fired.stage, fired.timer_id))
