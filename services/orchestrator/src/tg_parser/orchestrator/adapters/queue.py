"""The work queue on JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.publisher import PubAck, Publisher
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.telemetry import TRACEPARENT, Telemetry, continuing
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import Lane, ProcessMessage
from tg_parser.contracts.model import Job
from tg_parser.contracts.subjects import JOBS, job_subject, workflow_jobs_filter
from tg_parser.orchestrator.ports import Scope

SOURCE: Final = "tg-parser/orchestrator"


@dataclass(frozen=True, slots=True)
class JetStreamQueue:
    """Publishes jobs, counts them and takes them back."""

    nc: Client
    publisher: Publisher
    telemetry: Telemetry
    clock: Callable[[], datetime]

    async def submit(self, job: Job, job_id: str, lane: Lane, scope: Scope, cause: Recorded) -> asyncio.Future[PubAck]:
        """Send a job that belongs to the trace of `cause`."""
        return await self._send(
            job, job_id, lane, scope, cause=cause.headers["ce-id"], traceparent=cause.headers.get(TRACEPARENT, "")
        )

    async def issue(self, job: Job, job_id: str, lane: Lane, scope: Scope, cause: Envelope) -> None:
        """Send a job and wait until it is stored."""
        await (await self._send(job, job_id, lane, scope, cause=cause.id, traceparent=cause.traceparent))

    async def _send(
        self, job: Job, job_id: str, lane: Lane, scope: Scope, *, cause: str, traceparent: str
    ) -> asyncio.Future[PubAck]:
        with continuing(traceparent), self.telemetry.sending(job.wire_type(), new_trace=False) as sent:
            envelope = Envelope(
                id=job_id,
                type=job.wire_type(),
                source=SOURCE,
                time=self.clock(),
                workflow_id=scope[0],
                generation=scope[1],
                causation_id=cause,
                traceparent=sent,
            )
            return await self.publisher.submit(job_subject(type(job), lane, scope[0]), encode(job), envelope.headers())

    async def waiting(self, workflow_id: str) -> int:
        """Jobs about single messages of the workflow, in every lane."""
        every_lane = workflow_jobs_filter(workflow_id, ProcessMessage)
        try:
            info = await self.nc.jetstream().stream_info(JOBS, subjects_filter=every_lane)
        except (NatsError, TimeoutError) as error:
            raise TransientError("The work queue cannot be counted just now.") from error
        return sum((info.state.subjects or {}).values())

    async def purge(self, workflow_id: str) -> None:
        """Take back every kind of job, from every lane."""
        try:
            await self.nc.jetstream().purge_stream(JOBS, subject=workflow_jobs_filter(workflow_id))
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The jobs of workflow {workflow_id} cannot be taken back just now.") from error
