"""Jobs in: bring the topics up to date with everything a workflow has processed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.chassis.projector import Projector
from tg_parser.contracts.jobs import JobFailed, Topicize
from tg_parser.contracts.model import Fact
from tg_parser.topicizer.assigner import Assigner


@dataclass(frozen=True, slots=True)
class BringTopicsUpToDate:
    """Wait for the documents the job is about, then regroup. A redelivered job finds nothing new and says so again."""

    projector: Projector
    assigner: Assigner
    catch_up_s: float

    async def __call__(self, job: Topicize, context: JobContext) -> None:
        """Tells facts about topics, RegroupCommitted and TopicizationCompleted."""
        if context.cancelled():
            return
        await self.projector.wait_for(job.after_seq, timeout=self.catch_up_s)
        await self.assigner.regroup(context.facts)


def failed(job: Topicize, failure: JobFailure) -> Sequence[Fact]:
    """What a topicization that could not be done leaves behind."""
    return (
        JobFailed(
            job_kind=job.KIND, error_class=failure.error_class, detail=failure.detail[:2000], attempts=failure.attempts
        ),
    )
