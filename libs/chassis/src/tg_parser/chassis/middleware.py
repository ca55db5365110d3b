"""What wraps every handler, outermost first: settle, trace, metrics, envelope. Handlers see none of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

import structlog
from faststream import BaseMiddleware
from faststream.message import StreamMessage
from nats.aio.msg import Msg

from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.chassis.jobs import CONTEXT, JobConsumer, JobFailure
from tg_parser.chassis.lease import CURRENT, Lease
from tg_parser.chassis.metrics import JOB_SECONDS, JOBS_IN_FLIGHT
from tg_parser.chassis.telemetry import Telemetry

log = structlog.get_logger(__name__)

CallNext = Callable[[StreamMessage[Msg]], Awaitable[Any]]


class JobMiddleware(BaseMiddleware[Any, Msg | None]):
    """The four as one object per message: FastStream pays for each middleware, and each would ask for the same lease."""

    def __init__(
        self, message: Msg | None, /, *, context: Any, consumers: Mapping[str, JobConsumer], telemetry: Telemetry
    ) -> None:
        super().__init__(message, context=context)
        self._consumers = consumers
        self._telemetry = telemetry

    async def consume_scope(self, call_next: CallNext, msg: StreamMessage[Msg]) -> Any:
        """Envelope, trace and metrics around the handler."""
        lease = CURRENT.get()
        consumer = self._consumers[lease.kind]
        context = consumer.context(msg.raw_message)
        envelope = context.envelope
        CONTEXT.set(context)
        started = time.perf_counter()
        JOBS_IN_FLIGHT.labels(lease.kind).inc()
        try:
            with self._telemetry.processing(
                envelope.traceparent,
                kind=lease.kind,
                durable=consumer.handler.durable,
                workflow_id=envelope.workflow_id,
                message_id=envelope.id,
            ):
                return await call_next(msg)
        finally:
            JOBS_IN_FLIGHT.labels(lease.kind).dec()
            JOB_SECONDS.labels(lease.kind).observe(time.perf_counter() - started)

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """Settle: outermost, so that a body that cannot be decoded is settled as well."""
        del exc_type, exc_tb
        lease = CURRENT.get()
        if exc_val is None:
            await lease.acknowledge()
        elif isinstance(exc_val, asyncio.CancelledError):
            if lease.overdue:
                await self._settle_failure(lease, _overdue(self._consumers[lease.kind]))
            else:
                await lease.hand_back()
            return False
        else:
            await self._settle_failure(lease, exc_val)
        return True

    async def _settle_failure(self, lease: Lease, error: BaseException) -> None:
        if not lease.given_up(error):
            delay = lease.delay(error)
            log.warning(
                "A job is handed back.",
                action="job_retry",
                kind=lease.kind,
                attempt=lease.attempt,
                delay=delay,
                error=str(error)[:300],
            )
            await (lease.postpone(delay) if isinstance(error, Postponed) else lease.hand_back(delay))
            return
        log.error("A job is given up.", action="job_dead", kind=lease.kind, attempt=lease.attempt, exc_info=error)
        reason = lease.reason(error)
        try:
            await self._consumers[lease.kind].tell_failure(
                lease, JobFailure(reason.error_class, reason.detail, reason.attempts)
            )
        except TransientError as unreachable:
            log.error(
                "A failure could not be told yet.", action="failure_untold", kind=lease.kind, error=str(unreachable)
            )
            await lease.hand_back(lease.delay(unreachable))
            return
        except Exception as fault:  # whatever is wrong with telling it, the job itself must not go round for ever
            log.error("A failure cannot be told.", action="failure_untold", kind=lease.kind, exc_info=fault)
        await lease.bury(reason)


def _overdue(consumer: JobConsumer) -> Exception:
    return TimeoutError(f"The job was not done within {consumer.handler.longest:.0f} s.")
