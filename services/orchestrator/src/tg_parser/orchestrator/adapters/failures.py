"""What is left of jobs that nobody will ever do: a fact, and a dead letter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from tg_parser.chassis.deadletters import DeadLetters, Reason
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.facts import FactWriter
from tg_parser.chassis.jobs import JobFailure
from tg_parser.contracts.documents import MessageFailed
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import JobFailed, ProcessMessage
from tg_parser.contracts.model import Fact, Job
from tg_parser.contracts.subjects import JOBS
from tg_parser.orchestrator.ports import DeadJob, Scope

DETAIL_LENGTH = 2000  # what the contracts allow


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """Tells failures on the workers' behalf."""

    facts: FactWriter

    async def tell(self, job: Job, cause: Envelope, scope: Scope, failure: JobFailure) -> None:
        """Tell what the job's own worker would have told."""
        writer = self.facts.because_of(replace(cause, workflow_id=scope[0], generation=scope[1]))
        await writer.tell(_fact(job, failure))


def _fact(job: Job, failure: JobFailure) -> Fact:
    detail = failure.detail[:DETAIL_LENGTH]
    if isinstance(job, ProcessMessage):
        return MessageFailed(
            channel_id=job.message.channel_id,
            source_ref=job.message.source_ref,
            revision=job.revision,
            error_class=failure.error_class,
            detail=detail,
            attempts=failure.attempts,
        )
    return JobFailed(job_kind=job.KIND, error_class=failure.error_class, detail=detail, attempts=failure.attempts)


@dataclass(frozen=True, slots=True)
class QueueGraveyard:
    """Dead jobs in the work queue, where they would hold a place of their workflow's window for ever."""

    nc: Client
    deadletters: DeadLetters

    async def find(self, seq: int, deliveries: int) -> DeadJob | None:
        """Read the job from the queue's leader."""
        try:
            found = await self.nc.jetstream().get_msg(JOBS, seq, direct=False)
        except NotFoundError:
            return None
        except (NatsError, TimeoutError) as error:
            raise TransientError("A dead job cannot be read just now.") from error
        return DeadJob(seq, deliveries, found.subject or "", found.headers or {}, found.data or b"")

    async def bury(self, job: DeadJob, failure: JobFailure) -> None:
        """Copy first, delete then."""
        delivery = (
            f"$JS.ACK.{JOBS}.janitor.{job.deliveries}.{job.seq}.0.0.0"  # the last one it had, as the server writes it
        )
        letter = Msg(_client=self.nc, subject=job.subject, reply=delivery, data=job.body, headers=dict(job.headers))
        kind = job.subject.split(".")[2]
        await self.deadletters.bury(kind, letter, Reason(failure.error_class, failure.detail, failure.attempts))
        try:
            await self.nc.jetstream().delete_msg(JOBS, job.seq)
        except NotFoundError:
            return
        except (NatsError, TimeoutError) as error:
            raise TransientError("A dead job cannot be taken out of the queue just now.") from error
