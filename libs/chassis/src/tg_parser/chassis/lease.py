"""One delivery of a job, from receipt to settlement: acknowledged, handed back, or dead-lettered; nothing else.

The words are JetStream's: ack, nak with a delay, in progress, term.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from tg_parser.chassis.deadletters import DeadLetters, Reason, one_line
from tg_parser.chassis.errors import ChassisError, PermanentError, Postponed, TransientError
from tg_parser.chassis.metrics import JOBS
from tg_parser.chassis.provision import MAX_ATTEMPTS
from tg_parser.chassis.recorded import delivery
from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType
from tg_parser.contracts.envelope import MalformedEnvelope

log = structlog.get_logger(__name__)

HOPELESS = (PermanentError, UnknownMessageType, MalformedMessage, MalformedEnvelope, ValidationError)
FIRST_DELAY = 1.0  # seconds before an unexplained failure is tried again; doubled for each further attempt
LONGEST_DELAY = 300.0  # seconds
SHORTEST_DELAY = 0.1  # seconds; handed back without any, a job would use up its attempts in milliseconds
LONGEST_DETAIL = 2000  # characters, as many as a fact about it may hold
BURY_LATER = 5.0  # seconds until a dead letter that could not be written is tried again


@dataclass(slots=True, eq=False)
class Lease:
    """A job in this worker's hands."""

    kind: str
    message: Msg
    nc: Client
    deadletters: DeadLetters
    max_attempts: int = MAX_ATTEMPTS
    task: asyncio.Task[None] | None = None
    started: float | None = None
    extended: float = field(default_factory=time.monotonic)
    overdue: bool = False
    let_go: bool = False
    settled: bool = False

    @property
    def attempt(self) -> int:
        """Which delivery of the job this is, from 1."""
        return delivery(self.message).delivered

    async def extend(self) -> None:
        """Signal progress: the server waits another ack wait."""
        await self.nc.publish(self.message.reply, b"+WPI")
        self.extended = time.monotonic()

    async def acknowledge(self) -> None:
        """Done. A lost acknowledgement only means the job is seen again, and found done."""
        await self._settle(b"+ACK", "done")

    async def hand_back(self, delay: float = 0.0) -> None:
        """Not done: somebody else may have it, after `delay` seconds."""
        if self.let_go:  # the server has given it to somebody else by now: a word from us would take it from them
            self.settled = True
            return
        nanoseconds = int(delay * 1e9)
        await self._settle(b'-NAK {"delay": %d}' % nanoseconds if nanoseconds else b"-NAK", "handed_back")

    async def postpone(self, delay: float) -> None:
        """Not yet: again after `delay` seconds. The last attempt gives way to a copy of the job, which has all of them anew."""
        if self.attempt >= self.max_attempts:
            headers = dict(self.message.headers or {})
            headers["Nats-Msg-Id"] = f"{headers.get('ce-id', '')}~{delivery(self.message).stream_seq}"
            try:
                await self.nc.jetstream().publish(self.message.subject, self.message.data, headers=headers)
            except (NatsError, TimeoutError) as error:
                log.warning("A job could not be renewed yet.", action="renew_failed", kind=self.kind, error=repr(error))
            else:
                await self._settle(b"+ACK", "renewed")
                return
        await self.hand_back(delay)

    async def bury(self, reason: Reason) -> None:
        """Never to be done: copied to the dead letters, then terminated with the reason."""
        try:
            await self.deadletters.bury(self.kind, self.message, reason)
        except ChassisError as error:
            log.error("A dead letter could not be written yet.", action="bury_failed", kind=self.kind, error=str(error))
            await self.hand_back(BURY_LATER)
            return
        await self._settle(b"+TERM " + one_line(reason.detail).encode(), "dead")

    async def _settle(self, verb: bytes, outcome: str) -> None:
        if self.settled:
            return
        self.settled = True
        JOBS.labels(self.kind, outcome).inc()
        try:
            await self.nc.publish(self.message.reply, verb)
        except NatsError as error:  # it is seen again after its ack wait
            log.warning("A job could not be settled.", action="settle_failed", kind=self.kind, error=repr(error))

    def reason(self, error: BaseException) -> Reason:
        """What the dead letter will say."""
        return Reason(type(error).__name__, (str(error) or type(error).__name__)[:LONGEST_DETAIL], self.attempt)

    def given_up(self, error: BaseException) -> bool:
        """Whether this failure is the last one this job may have."""
        if isinstance(error, Postponed):
            return False
        return isinstance(error, HOPELESS) or self.attempt >= self.max_attempts

    def delay(self, error: BaseException) -> float:
        """Seconds until the next attempt."""
        if isinstance(error, TransientError):
            return max(error.retry_in, SHORTEST_DELAY)
        return min(FIRST_DELAY * 2 ** (self.attempt - 1), LONGEST_DELAY)


CURRENT: ContextVar[Lease] = ContextVar("lease")
"""The lease of the job being handled in this task."""
