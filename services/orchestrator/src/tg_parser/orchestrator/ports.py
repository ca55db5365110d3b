"""What the orchestrator needs from outside, with the promise each port makes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tg_parser.chassis.jobs import JobFailure
from tg_parser.chassis.publisher import PubAck
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.documents import IMPORTED_PIPELINE
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import Lane, ModelChoice, ProcessingOptions
from tg_parser.contracts.model import Job, WorkflowEvent
from tg_parser.contracts.workflows import Stage, WorkflowProgress

Scope = tuple[str, int]
"""A workflow and its generation."""


class WorkflowLog(Protocol):
    """The workflows' own logs."""

    async def load(self, workflow_id: str) -> list[Recorded]:
        """The whole log as its leader has it now; empty if there is none. Raises TransientError if it is away."""
        ...

    async def append(self, workflow_id: str, events: Sequence[WorkflowEvent], *, expected_seq: int) -> int:
        """All of `events` or none, after `expected_seq`. Raises ConcurrencyError if the log has moved on."""
        ...


class FactLog(Protocol):
    """The facts, by position."""

    async def read_range(self, stream: str, subject: str, *, from_seq: int, limit: int) -> list[Recorded]:
        """Up to `limit` messages that match `subject`, from `from_seq` on, in order; empty if there are none."""
        ...


class MessageJobs(Protocol):
    """The work queue, as the dispatcher uses it."""

    async def submit(self, job: Job, job_id: str, lane: Lane, scope: Scope, cause: Recorded) -> asyncio.Future[PubAck]:
        """Send a job; the future says whether it is stored.

        It raises WindowFull if the workflow has enough waiting, PermanentError if the queue will never take this job.
        """
        ...


class StageJobs(Protocol):
    """The work queue, as the reactor uses it."""

    async def issue(self, job: Job, job_id: str, lane: Lane, scope: Scope, cause: Envelope) -> None:
        """Send a job; it is stored when this returns. The same id is stored once."""
        ...

    async def purge(self, workflow_id: str) -> None:
        """Take all jobs of a workflow out of the queue."""
        ...


class QueueLength(Protocol):
    """The work queue, as the sweeper uses it."""

    async def waiting(self, workflow_id: str) -> int:
        """Jobs about single messages of a workflow that are not settled, in a worker's hands or not."""
        ...


class Failures(Protocol):
    """Facts about jobs that nobody will ever do."""

    async def tell(self, job: Job, cause: Envelope, scope: Scope, failure: JobFailure) -> None:
        """Tell that `job` failed, for its workflow; stored when this returns. A second time it is the same fact."""
        ...


class Timers(Protocol):
    """Time-outs that survive a restart. A resolution of one second."""

    async def set(self, workflow_id: str, stage: Stage, timer_id: str, at: datetime) -> None:
        """Have `timer_id` told at `at`, or at once if that is past. One for each stage: a later one replaces it."""
        ...

    async def cancel(self, workflow_id: str, stage: Stage) -> None:
        """Have it told no more. One that was never set is no fault."""
        ...


class Flags(Protocol):
    """Control flags, as workers see them."""

    async def stop(self, workflow_id: str) -> None:
        """Tell every worker that the workflow's jobs are in vain."""
        ...

    def running(self, workflow_id: str) -> bool:
        """Whether jobs may be issued for the workflow now."""
        ...


class Signals(Protocol):
    """What workers are told about a workflow's jobs."""

    async def stop(self, workflow_id: str) -> None:
        """They are in vain."""
        ...

    async def pause(self, workflow_id: str) -> None:
        """They are to be left alone for now."""
        ...

    async def resume(self, workflow_id: str) -> None:
        """They are to be done."""
        ...


@dataclass(frozen=True, slots=True)
class OpenWorkflow:
    """A workflow that has messages without a job, and how many have a job and no outcome."""

    workflow_id: str
    generation: int
    lane: Lane
    choice: ModelChoice
    in_flight: int
    options: ProcessingOptions | None = None

    def window(self, most: int) -> int:
        """Jobs it may have in the queue at once, of the `most` that any workflow may have."""
        wanted = self.options.concurrency if self.options else None
        return min(most, wanted or most)

    @property
    def scope(self) -> Scope:
        """The workflow and its generation."""
        return (self.workflow_id, self.generation)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message without a job: where its fact is, and what is known of its current document.

    `imported_seq`: where an earlier TG_parser's document of it is, 0 if there is none.
    """

    item_key: str
    seq: int
    issues: int
    pipeline_key: str
    content_hash: str
    channel_title: str
    imported_seq: int = 0

    @property
    def inherited(self) -> int:
        """Where its imported document is, if no model has made another since; else 0."""
        return self.imported_seq if self.pipeline_key in {"", IMPORTED_PIPELINE} else 0


class Turn(Protocol):
    """One workflow's messages, for as long as nobody else deals with them."""

    async def waiting(self, limit: int) -> list[Waiting]:
        """The first messages without a job, in the order of their facts."""
        ...

    async def issued(self, item_keys: Sequence[str], at: datetime) -> None:
        """Note that their jobs are in the queue. Durable at the end of the turn."""
        ...


class Desk(Protocol):
    """The ledger, as the dispatcher uses it."""

    async def open_workflows(self) -> list[OpenWorkflow]:
        """Every workflow whose messages may have jobs and some of which have none."""
        ...

    def turn(self, workflow: OpenWorkflow) -> AbstractAsyncContextManager[Turn | None]:
        """Deal with one workflow alone. None if somebody else is at it, or if it was closed."""
        ...


class Register(Protocol):
    """Which workflows' messages get jobs."""

    async def open(
        self,
        workflow_id: str,
        generation: int,
        lane: Lane,
        choice: ModelChoice,
        options: ProcessingOptions | None = None,
    ) -> None:
        """From now on the workflow's messages get jobs, as `options` want them."""
        ...

    async def reopen(self, workflow_id: str) -> None:
        """Have every message without an outcome get another job: the ones issued were taken out of the queue."""
        ...

    async def close(self, workflow_id: str) -> None:
        """From now on they do not; a turn under way is over when this returns."""
        ...


class OverdueJobs(Protocol):
    """Jobs that were issued and left nothing behind."""

    async def overdue(self, before: datetime) -> list[Scope]:
        """Open workflows that have messages whose job was issued before `before` and that have no outcome."""
        ...

    async def take_back(self, scope: Scope, before: datetime) -> int:
        """Have the jobs of those messages issued again; returns how many."""
        ...


class Counters(Protocol):
    """The counts of the ledger."""

    async def progress(self, scopes: Collection[Scope], at: datetime) -> list[WorkflowProgress]:
        """The counts as the ledger has them."""
        ...


class Outcomes(Protocol):
    """The outcomes in the ledger."""

    async def settled(self, scope: Scope, item_key: str) -> bool:
        """Whether the message has its outcome."""
        ...


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job the server will give to no worker again, as it lies in the queue."""

    seq: int
    deliveries: int
    subject: str
    headers: Mapping[str, str]
    body: bytes


class DeadJobs(Protocol):
    """Jobs whose worker died too often."""

    async def find(self, seq: int, deliveries: int) -> DeadJob | None:
        """The job at `seq` of the queue; None if it is settled."""
        ...

    async def bury(self, job: DeadJob, failure: JobFailure) -> None:
        """Copy it to the dead letters and take it out of the queue. Safe to do twice."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the saga of a workflow must be told. `kind` is a wire type, `body` its JSON."""

    workflow_id: str
    generation: int
    kind: str
    seq: int
    body: str


class NoticeBoard(Protocol):
    """The notices in the ledger."""

    async def waiting(self, limit: int) -> list[Notice]:
        """Notices nobody was told of, oldest first."""
        ...

    async def announced(self, notice: Notice) -> None:
        """Not to be told again. Losing this only means that it is told twice."""
        ...


class Snapshots(Protocol):
    """Live numbers for whoever watches."""

    async def put(self, progress: WorkflowProgress) -> None:
        """Replace the workflow's numbers. Raises TransientError if that cannot be done now."""
        ...
