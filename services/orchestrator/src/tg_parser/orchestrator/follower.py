"""Followed sources: new posts reach the knowledge base without anyone asking.

Nothing is kept here. What is told about a source is in the log, the time of its next look is a schedule in the server, and a
look is a workflow like any other, whose id follows from the timer that began it: hearing anything twice does nothing twice.
A schedule that was lost, with a server or by a mistake, is made again at the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog
from nats.errors import Error as NatsError

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.errors import ConcurrencyError, TransientError
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.sources import SourceRunStarted
from tg_parser.contracts.subjects import FOLLOW_FIRED
from tg_parser.contracts.workflows import WorkflowRequested
from tg_parser.orchestrator.domain import following
from tg_parser.orchestrator.domain.following import Forget, Look, Plan, Source, Step, Wake
from tg_parser.orchestrator.handlers import WorkflowCommands

log = structlog.get_logger(__name__)

ACTOR: Final = "follower"
ROUND_EVERY_S: Final = 600.0


class SourceRegister(Protocol):
    """What the log holds of registered sources."""

    async def told(self, source_id: str) -> list[Message]:
        """The newest fact of each kind about a source, in the order of the log. Raises TransientError."""
        ...

    async def names(self) -> list[str]:
        """Every source that was ever registered. Raises TransientError."""
        ...


class LookTimers(Protocol):
    """When sources are looked at next. One time for each; a resolution of one second."""

    async def set(self, source_id: str, at: datetime) -> None:
        """Have it told at `at`, or at once if that is past; replaces an earlier one. Raises TransientError."""
        ...

    async def planned(self, source_id: str) -> bool:
        """Whether there is a time. Raises TransientError."""
        ...

    async def heard(self, source_id: str, seq: int) -> None:
        """The message at `seq` of the timers' stream, and older ones of the source, were dealt with."""
        ...

    async def cancel(self, source_id: str) -> None:
        """Have nothing told. Raises TransientError."""
        ...


class Teller(Protocol):
    """Facts about sources."""

    async def tell(self, fact: Fact) -> int:
        """Stored when this returns; a second time it is the same fact."""
        ...


@dataclass(frozen=True, slots=True)
class Follower:
    """Hears every fact about sources and every timer of theirs, at least once."""

    register: SourceRegister
    commands: WorkflowCommands
    timers: LookTimers
    facts: Teller
    clock: Callable[[], datetime]

    async def heard(self, entry: Recorded) -> None:
        """A fact about a source."""
        fact = entry.message
        source_id = entry.subject.rpartition(".")[2]
        state = following.fold(await self.register.told(source_id))
        step = following.changed(fact, state, self.clock())
        if step:
            await self._take(source_id, step)

    async def fired(self, entry: Recorded) -> None:
        """The time of a look."""
        source_id = entry.subject.removeprefix(FOLLOW_FIRED)
        state = following.fold(await self.register.told(source_id))
        for step in following.due(state, str(entry.seq), self.clock(), busy=await self._busy(state)):
            await self._take(source_id, step)
        await self.timers.heard(source_id, entry.seq)

    async def run(self) -> None:
        """Go the rounds for ever; a supervised task."""
        while not asked_to_stop():
            try:
                await self.round()
            except (TransientError, NatsError, TimeoutError) as error:
                log.warning("A round of the sources is put off.", action="follow_retry", error=str(error)[:300])
            await asyncio.sleep(ROUND_EVERY_S)

    async def round(self) -> None:
        """Plan a look at every followed source that has none planned."""
        for source_id in await self.register.names():
            state = following.fold(await self.register.told(source_id))
            if state.followed:
                await self._take(source_id, Plan(self.clock()))

    async def _busy(self, state: Source) -> bool:
        if not state.last_run:
            return False
        workflow, _ = await self.commands.load(state.last_run)
        return workflow.requested is not None and not workflow.settled

    async def _take(self, source_id: str, step: Step) -> None:
        match step:
            case Look():
                await self._look(source_id, step)
            case Wake():
                await self.timers.set(source_id, step.at)
            case Plan():
                if not await self.timers.planned(source_id):
                    await self.timers.set(source_id, step.at)
            case Forget():
                await self.timers.cancel(source_id)

    async def _look(self, source_id: str, look: Look) -> None:
        """The fact first: a look nobody knows of would be thought over."""
        now = self.clock()
        await self.facts.tell(
            SourceRunStarted(source_id=source_id, at=now, workflow_id=look.workflow_id, because=look.because)
        )
        asked = WorkflowRequested(kind="run", at=now, actor=ACTOR, source=look.spec, lane="bulk")
        try:
            await self.commands.log.append(look.workflow_id, [asked], expected_seq=0)
        except ConcurrencyError:  # this timer was heard before
            return
