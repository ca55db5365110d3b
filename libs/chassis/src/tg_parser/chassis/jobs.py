"""Handlers of jobs: typed FastStream handlers, fed by a pull of our own, wrapped by our middlewares.

FastStream decodes, validates and documents (AsyncAPI). Its own pull loop is replaced: it either lets a batch wait for
its slowest job or asks for one job at a time, takes more than it works on, and mistakes a deleted consumer for an empty
queue. Nor does it inject the context: it would look that up in a thread, which costs as much as all else it does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, PullSub
from faststream.nats.message import NatsMessage
from faststream.nats.subscriber.usecases import PullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.control import ControlFlags
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.lease import CURRENT, Lease
from tg_parser.chassis.provision import JOB_ACK_WAIT
from tg_parser.chassis.pull import PullRequests
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import decode
from tg_parser.contracts.envelope import Envelope, read_envelope
from tg_parser.contracts.model import Fact, Job, Message

log = structlog.get_logger(__name__)

J = TypeVar("J", bound=Job)
LONGEST = 600.0  # seconds a handler may take; then its job is handed back, so that a hung one cannot pin it
GRACE = 10.0  # seconds handlers get to finish when the service stops


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a handler is given beside its job."""

    envelope: Envelope
    facts: FactWriter
    control: ControlFlags
    attempt: int

    def cancelled(self) -> bool:
        """Whether the job's workflow was cancelled: what is done now is done in vain."""
        return self.control.cancelled(self.envelope.workflow_id)


CONTEXT: ContextVar[JobContext] = ContextVar("job_context")
"""The context of the job being handled in this task."""


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job is given up."""

    error_class: str
    detail: str
    attempts: int


def _nothing(job: Any, failure: JobFailure) -> Sequence[Fact]:
    del job, failure
    return ()


@dataclass(frozen=True, slots=True)
class JobHandler(Generic[J]):
    """A kind of job and what to do with it.

    Attributes:
        job: the contract.
        durable: the consumer that deals these jobs out.
        handle: does it. Raises TransientError (again, later), PermanentError (never), or anything else (again, a few times).
        concurrency: jobs in hand at once.
        failed: the facts that a given-up job leaves behind, told before it is buried.
        longest: seconds one job may take.
    """

    job: type[J]
    durable: str
    handle: Callable[[J, JobContext], Awaitable[None]]
    concurrency: int = 1
    failed: Callable[[J, JobFailure], Sequence[Fact]] = _nothing
    longest: float = LONGEST


class _PumpedSubscriber(PullStreamSubscriber):
    """A FastStream subscriber that is handed its messages instead of fetching them."""

    __slots__ = ()

    async def _create_subscription(self) -> None:
        """Nothing to open: the pump has the inbox."""


async def decode_job(message: NatsMessage) -> Message:
    """FastStream's decoder: the body as the latest version of its type."""
    return decode(message.headers, message.body).message


@dataclass
class JobConsumer:
    """Deals jobs from one durable consumer to one handler."""

    chassis: Chassis
    handler: JobHandler[Any]
    ack_wait: float = JOB_ACK_WAIT
    _leases: set[Lease] = field(default_factory=set[Lease])
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.handler.concurrency)
        self._ahead = max(1, self.handler.concurrency // 4)
        self._pulls = PullRequests(self.chassis.nc, subjects.JOBS, self.handler.durable, self._received)
        self._subscriber = self._declare()
        self._keeper: asyncio.Task[None] | None = None

    def _declare(self) -> PullStreamSubscriber:
        subscriber = self.chassis.connection.broker.subscriber(
            subjects.job_filter(self.handler.job),
            stream=JStream(subjects.JOBS, declare=False),
            durable=self.handler.durable,
            pull_sub=PullSub(batch_size=self.handler.concurrency),
            ack_policy=AckPolicy.MANUAL,
            decoder=decode_job,
            title=self.handler.job.__name__,
            description=self.handler.job.__doc__,
        )
        subscriber.__class__ = _PumpedSubscriber  # the same layout; only where messages come from differs
        subscriber(self._typed())
        return subscriber  # pyright: ignore[reportReturnType] - its class was just set

    def _typed(self) -> Callable[..., Awaitable[None]]:
        """The handler with the annotation FastStream reads: the job's own type."""

        async def handle(job: Any) -> None:
            await self.handler.handle(job, CONTEXT.get())

        handle.__annotations__ = {"job": self.handler.job, "return": None}
        handle.__name__ = f"{self.handler.job.KIND}_job"
        return handle

    @property
    def alive(self) -> bool:
        """Whether jobs would really arrive."""
        return self._pulls.alive and self._keeper is not None and not self._keeper.done()

    @property
    def in_flight(self) -> int:
        """Jobs in hand."""
        return len(self._leases)

    async def start(self) -> None:
        """Begin to take jobs."""
        await self._pulls.start()
        self._keeper = asyncio.create_task(self._keep_leases(), name=f"leases {self.handler.durable}")
        await self._pulls.want(self.handler.concurrency + self._ahead)

    async def stop(self, grace: float = GRACE) -> None:
        """Take no more; finish what is in hand within `grace` seconds; hand the rest back at once."""
        self._stopping = True
        # First of all: as long as requests are open, what is handed back may come straight to us again, and each time
        # counts as an attempt.
        await self._pulls.stop(drain=True)
        unbegun = [lease for lease in self._leases if lease.started is None]
        for lease in unbegun:  # not left to the tasks: one that never took its first step would not do it
            if lease.task:
                lease.task.cancel()
            self._leases.discard(lease)
            await lease.hand_back()
        tasks = [lease.task for lease in (*unbegun, *self._leases) if lease.task]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            await cancelled(late)
        if self._keeper:
            await cancelled([self._keeper])

    async def _received(self, message: Msg) -> None:
        lease = Lease(self.handler.job.KIND, message, self.chassis.nc, self.chassis.deadletters)
        self._leases.add(lease)
        if self._stopping:
            return  # `stop` hands it back, once nothing more can come
        lease.task = asyncio.create_task(self._work(lease), name=f"job {self.handler.durable}")

    async def _work(self, lease: Lease) -> None:
        try:
            async with self._slots:
                if self._stopping:
                    await lease.hand_back()
                    return
                CURRENT.set(lease)
                lease.started = time.monotonic()
                await self._subscriber.process_message(lease.message)
        finally:
            self._leases.discard(lease)
            if not lease.settled and not self.chassis.nc.is_closed:
                await lease.hand_back()
            await self._next()

    async def _next(self) -> None:
        """Ask for as many as there is room for, a few at a time: each request costs a message."""
        room = self.handler.concurrency + self._ahead - len(self._leases) - self._pulls.outstanding
        if not self._stopping and (room >= self._ahead or not self._leases):
            await self._pulls.want(room)

    async def _keep_leases(self) -> None:
        """Lease and deadline move together: a job whose lease cannot be extended, or that takes too long, is dropped."""
        while True:
            await asyncio.sleep(min(self.ack_wait / 3, self.handler.longest))
            for lease in list(self._leases):
                now = time.monotonic()
                if lease.started is not None and now - lease.started > self.handler.longest:
                    lease.overdue = True
                elif self.chassis.nc.is_connected:
                    await self._extend(lease)
                if lease.task and (lease.overdue or now - lease.extended > self.ack_wait):
                    log.error("A job took too long or lost its lease.", action="job_overdue", kind=lease.kind)
                    lease.let_go = not lease.overdue
                    lease.task.cancel()

    async def _extend(self, lease: Lease) -> None:
        try:
            await lease.extend()
        except NatsError as error:
            log.warning(
                "A job's lease could not be extended.", action="lease_failed", kind=lease.kind, error=str(error)
            )

    def context(self, message: Msg) -> JobContext:
        """What the handler is given for `message`. Raises MalformedEnvelope."""
        envelope = read_envelope(message.headers)
        return JobContext(
            envelope, self.chassis.facts.because_of(envelope), self.chassis.control, CURRENT.get().attempt
        )

    async def tell_failure(self, lease: Lease, failure: JobFailure) -> None:
        """Tell what a given-up job leaves behind, if it can be understood at all."""
        try:
            received = decode(lease.message.headers, lease.message.data)
        except ValueError:
            return
        facts = self.handler.failed(received.message, failure)
        await self.chassis.facts.because_of(received.envelope).tell_all(facts)
