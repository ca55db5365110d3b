"""Giving out a job for each message, in turns, as many at a time as a workflow may have in the queue.

Nothing is polled: committed facts wake the dispatcher, and a workflow at its window rests until a quarter of it is
settled. A long look every few seconds finds what another orchestrator's ledger heard.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.database import DATABASE_ERRORS
from tg_parser.chassis.errors import PermanentError, TransientError, WindowFull
from tg_parser.chassis.jobs import JobFailure
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.messages import IngestPageCommitted, MessageEdited, MessageIngested
from tg_parser.orchestrator.issuing import job_id, jobs_of, read_facts, read_imported
from tg_parser.orchestrator.ledger.reading import OUTCOMES, name_of
from tg_parser.orchestrator.parking import Parked
from tg_parser.orchestrator.ports import Desk, FactLog, Failures, Flags, MessageJobs, OpenWorkflow, Turn

log = structlog.get_logger(__name__)

ARRIVALS: Final = frozenset({MessageIngested.TYPE, MessageEdited.TYPE, IngestPageCommitted.TYPE})
SOON: Final = 0.05  # seconds until a window is tried again that the ledger believed open: its workers are just settling
RETRY: Final = 0.5  # seconds between attempts while a server is away


@dataclass(frozen=True, slots=True)
class Limits:
    """How many jobs.

    Attributes:
        window: of one workflow in the queue; the server enforces the same number.
        chunk: in one turn of one workflow.
        look_every_s: seconds between looks when nothing was heard.
    """

    window: int
    chunk: int
    look_every_s: float

    @property
    def worth_a_turn(self) -> int:
        """Free places below which a workflow is left alone."""
        return max(1, self.window // 4)


@dataclass(frozen=True, slots=True)
class Issued:
    """What came of a turn."""

    jobs: int
    full: bool = False


@dataclass
class Dispatcher:
    """Gives out jobs. Several may run: each turn belongs to one of them."""

    desk: Desk
    facts: FactLog
    queue: MessageJobs
    failures: Failures
    flags: Flags
    clock: Callable[[], datetime]
    limits: Limits
    ready: Callable[[], Awaitable[object]]
    """Returns when the ledger has heard everything that is in the log; before that, settled messages look open."""
    _parked: Parked = field(default_factory=Parked)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _pause: float = 0.0

    def wake(self) -> None:
        """Look at every workflow now."""
        self._parked.clear()
        self._wake.set()

    def heard(self, batch: Sequence[Recorded]) -> None:
        """These facts are in the ledger now."""
        names = [(name_of(entry), entry.workflow_id) for entry in batch]
        arrived = {workflow_id for name, workflow_id in names if name in ARRIVALS}
        outcomes = Counter(workflow_id for name, workflow_id in names if name in OUTCOMES)
        worth = [self._parked.settled(workflow_id, number) for workflow_id, number in outcomes.items()]
        if any(worth) or any(not self._parked.holds(workflow_id) for workflow_id in arrived):
            self._wake.set()

    async def run(self) -> None:
        """Dispatch for ever; a supervised task."""
        while not asked_to_stop():
            try:
                await self.ready()
                break
            except TransientError as error:
                log.warning("The dispatcher waits for the ledger.", action="dispatch_waiting", error=str(error))
        while not asked_to_stop():
            try:
                await self.dispatch()
            except (*DATABASE_ERRORS, TransientError) as error:
                log.warning("The dispatcher starts over.", action="dispatch_retry", error=str(error)[:300])
                self._pause = RETRY
            await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pause or self.limits.look_every_s):
                await self._wake.wait()
        except TimeoutError:
            self._parked.clear()

    async def dispatch(self) -> None:
        """Give every workflow its turns until each has its window full or no message without a job."""
        self._wake.clear()
        turns = deque((workflow, self._free(workflow)) for workflow in await self._worth_a_turn())
        full = False
        while turns:
            workflow, free = turns.popleft()
            asked = min(free, self.limits.chunk)
            issued = await self._turn(workflow, asked)
            full = full or issued.full
            if issued.jobs == asked == free:
                self._parked.park(workflow.workflow_id, max(1, workflow.window(self.limits.window) // 4))
            elif issued.jobs == asked:
                turns.append((workflow, free - asked))
        self._pause = min(max(2 * self._pause, SOON), self.limits.look_every_s) if full else 0.0

    async def _worth_a_turn(self) -> list[OpenWorkflow]:
        found: list[OpenWorkflow] = []
        for workflow in await self.desk.open_workflows():
            worth = max(1, min(self.limits.worth_a_turn, workflow.window(self.limits.window) // 4))
            missing = worth - self._free(workflow)
            if missing > 0:
                self._parked.park(workflow.workflow_id, missing)
            elif self.flags.running(workflow.workflow_id):
                found.append(workflow)
        return found

    def _free(self, workflow: OpenWorkflow) -> int:
        return workflow.window(self.limits.window) - workflow.in_flight

    async def _turn(self, workflow: OpenWorkflow, limit: int) -> Issued:
        async with self.desk.turn(workflow) as turn:
            return await self._issue(workflow, turn, limit) if turn else Issued(0)

    async def _issue(self, workflow: OpenWorkflow, turn: Turn, limit: int) -> Issued:
        """Put the next messages' jobs into the queue. What the queue refuses stays without a job, and waits."""
        waiting = await turn.waiting(limit)
        facts = await read_facts(self.facts, [each.seq for each in waiting])
        documents = await read_imported(self.facts, waiting, facts)
        jobs = jobs_of(workflow.scope, workflow.choice, waiting, facts | documents, workflow.options)
        if len(jobs) < len(waiting):
            log.error("Messages whose facts are gone get no job.", action="facts_gone", number=len(waiting) - len(jobs))
        futures = [
            await self.queue.submit(job, job_id(workflow.scope, each), workflow.lane, workflow.scope, facts[each.seq])
            for each, job in jobs
        ]
        answers = await asyncio.gather(*futures, return_exceptions=True)
        done: list[str] = []
        for (each, job), answer in zip(jobs, answers, strict=True):
            if isinstance(answer, PermanentError):
                failure = JobFailure("PermanentError", str(answer), 0)
                await self.failures.tell(job, facts[each.seq].envelope, workflow.scope, failure)
            if not _refused(answer):
                done.append(each.item_key)
        if done:
            await turn.issued(done, self.clock())
        return Issued(len(done), full=len(done) < len(jobs))


def _refused(answer: object) -> bool:
    """Whether a job must be sent again later. Raises what no queue should answer."""
    if isinstance(answer, BaseException) and not isinstance(answer, WindowFull | TransientError | PermanentError):
        raise answer
    return isinstance(answer, WindowFull | TransientError)
