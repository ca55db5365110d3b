"""What a workflow's log makes happen. The log is first, effects are second: a crash between them is healed by hearing again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.workflows import StageProgressed, WorkflowRequested
from tg_parser.orchestrator.domain.commands import Advance
from tg_parser.orchestrator.domain.effects import (
    CancelTimer,
    CloseDispatch,
    Effect,
    IssueJob,
    OpenDispatch,
    PauseWorkers,
    PurgeJobs,
    ReissueJobs,
    ResumeWorkers,
    SetTimer,
    StopWorkers,
    effects_of,
)
from tg_parser.orchestrator.handlers import WorkflowCommands
from tg_parser.orchestrator.ports import Register, Signals, StageJobs, Timers

SILENT: Final = frozenset({StageProgressed.wire_type()})
"""Events from which nothing follows: their log need not even be loaded."""


@dataclass(frozen=True, slots=True)
class Reactor:
    """Hears every event of every workflow, at least once."""

    commands: WorkflowCommands
    queue: StageJobs
    register: Register
    timers: Timers
    flags: Signals
    facts_end: Callable[[], Awaitable[int]]
    opened: Callable[[], None]
    """Called when a workflow's messages may have jobs."""

    async def __call__(self, entry: Recorded) -> None:
        """Carry out what follows from one event, then take the workflow's next step."""
        if entry.type in SILENT:
            return
        workflow_id, event = entry.workflow_id, entry.message
        state, _ = await self.commands.load(workflow_id)
        for effect in effects_of(workflow_id, event, state):
            await self._perform(workflow_id, effect, entry.envelope)
        facts_end = await self.facts_end() if isinstance(event, WorkflowRequested) else 0
        await self.commands.execute(workflow_id, Advance(facts_end))

    async def _perform(self, workflow_id: str, effect: Effect, cause: Envelope) -> None:
        match effect:
            case IssueJob():
                scope = (workflow_id, effect.job.generation)
                await self.queue.issue(effect.job, effect.job_id, effect.lane, scope, cause)
            case OpenDispatch():
                await self.register.open(workflow_id, effect.generation, effect.lane, effect.choice, effect.options)
                self.opened()
            case CloseDispatch():
                await self.register.close(workflow_id)
            case SetTimer():
                await self.timers.set(workflow_id, effect.stage, effect.timer_id, effect.at)
            case CancelTimer():
                await self.timers.cancel(workflow_id, effect.stage)
            case PurgeJobs():
                await self.queue.purge(workflow_id)
            case ReissueJobs():
                await self.queue.purge(workflow_id)
                await self.register.reopen(workflow_id)
                self.opened()
            case StopWorkers() | PauseWorkers() | ResumeWorkers():
                await self._flag(workflow_id, effect)

    async def _flag(self, workflow_id: str, effect: StopWorkers | PauseWorkers | ResumeWorkers) -> None:
        match effect:
            case StopWorkers():
                await self.flags.stop(workflow_id)
            case PauseWorkers():
                await self.flags.pause(workflow_id)
            case ResumeWorkers():
                await self.flags.resume(workflow_id)
                self.opened()
