"""Jobs whose worker died too often: the server gives them to nobody any more, so somebody must say what became of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import structlog

from tg_parser.chassis.jobs import JobFailure
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import decode
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.model import Job
from tg_parser.contracts.subjects import JOBS
from tg_parser.orchestrator.ports import DeadJob, DeadJobs, Failures, Outcomes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Janitor:
    """Hears the server's notices of jobs that ran out of deliveries, at least once each."""

    dead: DeadJobs
    outcomes: Outcomes
    failures: Failures

    async def __call__(self, entry: Recorded) -> None:
        """Tell the failure unless the message has its outcome, then bury the job: as its worker would have done."""
        advisory: dict[str, Any] = json.loads(entry.body)
        if advisory.get("stream") != JOBS:
            return
        found = await self.dead.find(int(advisory["stream_seq"]), int(advisory["deliveries"]))
        if found is None:
            return
        failure = JobFailure("WorkerDied", "Its workers died or hung each time it was tried.", found.deliveries)
        await self._tell(found, failure)
        await self.dead.bury(found, failure)

    async def _tell(self, found: DeadJob, failure: JobFailure) -> None:
        try:
            received = decode(found.headers, found.body)
        except ValueError as error:
            log.error("A dead job cannot be read; it is only buried.", action="janitor_poison", error=str(error)[:300])
            return
        envelope, job = received.envelope, received.message
        scope = (envelope.workflow_id, envelope.generation)
        settled = isinstance(job, ProcessMessage) and await self.outcomes.settled(scope, job.message.source_ref)
        if isinstance(job, Job) and not settled:
            await self.failures.tell(job, envelope, scope, failure)
