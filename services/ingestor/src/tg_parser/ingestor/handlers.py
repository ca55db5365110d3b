"""Jobs in, facts out: a source is read page by page, and each page is safe in the log before the next is begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import Postponed
from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.contracts.jobs import IngestSource, JobFailed
from tg_parser.contracts.messages import IngestRefused, SourceKind, SourceSpec
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import FloodWaited, SourceRead
from tg_parser.ingestor.domain import Reading
from tg_parser.ingestor.page_reading import PageReading
from tg_parser.ingestor.ports import (
    MessageSource,
    OpenKnowledge,
    OriginalsStore,
    SourceParked,
    SourceRefused,
    Start,
)


@dataclass(frozen=True, slots=True)
class ReadSource:
    """Read one source to its end and tell what it holds."""

    sources: Mapping[SourceKind, MessageSource]
    open_knowledge: OpenKnowledge
    originals: OriginalsStore
    clock: Clock
    page_size: int

    async def __call__(self, job: IngestSource, context: JobContext) -> None:
        """Tells the facts of every page, then IngestCompleted; or IngestRefused. A redelivered job goes on where it stopped.

        Raises Postponed if Telegram asks for a pause too long to wait for.
        """
        async with self.open_knowledge(job.workflow_id) as knowledge:
            progress = await knowledge.progress(job.workflow_id, job.generation)
            if progress.finished or context.cancelled():
                return
            try:
                source = self._source(job.source)
                name = f"{job.workflow_id}/{job.generation}"
                snapshot = job.source.mode == "snapshot"
                reading = Reading(name, job.source.kind, source.parser_version, self.clock(), lists_known=snapshot)
                pages = PageReading(reading, job.source, context.facts, knowledge, self.originals, self.clock, progress)
                await self._read(job, context, source, pages)
            except SourceRefused as refused:
                await context.facts.tell_all(_refused(job.source, refused, self.clock()))
            except SourceParked as parked:
                await context.facts.tell_all(_parked(job.source, parked, self.clock()))
                raise Postponed(str(parked), retry_in=parked.seconds) from parked

    def _source(self, spec: SourceSpec) -> MessageSource:
        source = self.sources.get(spec.kind)
        if source is None:
            raise SourceRefused(f"Sources of the kind {spec.kind} cannot be read here.", "unsupported")
        return source

    async def _read(self, job: IngestSource, context: JobContext, source: MessageSource, reading: PageReading) -> None:
        start = Start(reading.knowledge.coverage, reading.progress.cursor, reading.progress.resume)
        size = min(job.page_size, self.page_size)
        async with aclosing(source.pages(job.source, start, page_size=size)) as pages:
            async for page in pages:
                if context.cancelled():
                    return
                await reading.take(page)


def _refused(spec: SourceSpec, refused: SourceRefused, now: datetime) -> Sequence[Fact]:
    """The state first: the refusal ends the workflow, and nothing of it is read again."""
    told = IngestRefused(reason=str(refused), cause=refused.cause)
    if not spec.source_id:
        return (told,)
    state = SourceRead(
        source_id=spec.source_id, at=now, state="refused", cause=refused.cause, detail=str(refused)[:2000]
    )
    return state, told


def _parked(spec: SourceSpec, parked: SourceParked, now: datetime) -> Sequence[Fact]:
    flood = FloodWaited(
        account=parked.account,
        method=parked.method,
        seconds=parked.seconds,
        at=now,
        parked=True,
        source_kind=spec.kind,
    )
    if not spec.source_id:
        return (flood,)
    until = now + timedelta(seconds=parked.seconds)
    state = SourceRead(
        source_id=spec.source_id, at=now, state="parked", cause="parked", detail=str(parked)[:2000], until=until
    )
    return flood, state


def failed(job: IngestSource, failure: JobFailure) -> Sequence[Fact]:
    """What a source that could not be read, although it should have been, leaves behind."""
    return (
        JobFailed(
            job_kind=job.KIND,
            error_class=failure.error_class,
            detail=failure.detail[:2000],
            attempts=failure.attempts,
        ),
    )
