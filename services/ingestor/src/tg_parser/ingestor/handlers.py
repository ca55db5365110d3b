"""Jobs in, facts out: a source is read page by page, and each page is safe in the log before the next is begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.contracts.jobs import IngestSource, JobFailed
from tg_parser.contracts.messages import IngestRefused, SourceKind
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.domain import (
    ChannelSeen,
    MessageSeen,
    Page,
    PageDecision,
    Progress,
    Reading,
    completed,
    decide_page,
)
from tg_parser.ingestor.ports import Knowledge, MessageSource, OpenKnowledge, SourceRefused


@dataclass(frozen=True, slots=True)
class ReadSource:
    """Read one source to its end and tell what it holds."""

    sources: Mapping[SourceKind, MessageSource]
    open_knowledge: OpenKnowledge
    page_size: int

    async def __call__(self, job: IngestSource, context: JobContext) -> None:
        """Tells the facts of every page, then IngestCompleted; or IngestRefused. A redelivered job goes on where it stopped."""
        async with self.open_knowledge(job.workflow_id) as knowledge:
            progress = await knowledge.progress(job.workflow_id, job.generation)
            if progress.finished or context.cancelled():
                return
            source = self.sources.get(job.source.kind)
            if source is None:
                await context.facts.tell(
                    IngestRefused(reason=f"Sources of the kind {job.source.kind} cannot be read yet.")
                )
                return
            try:
                await self._read(job, context, source, knowledge, progress)
            except SourceRefused as refused:
                await context.facts.tell(IngestRefused(reason=str(refused)))

    async def _read(
        self, job: IngestSource, context: JobContext, source: MessageSource, knowledge: Knowledge, progress: Progress
    ) -> None:
        reading = Reading(f"{job.workflow_id}/{job.generation}", job.source.kind, source.parser_version)
        size = min(job.page_size, self.page_size)
        async with aclosing(source.pages(job.source, cursor=progress.cursor, page_size=size)) as pages:
            async for page in pages:
                if context.cancelled():
                    return
                decision = await self._decide(page, progress, reading, knowledge)
                progress = await self._tell(decision, context)
                if page.end:
                    await context.facts.tell(completed(progress, page.end))

    async def _decide(self, page: Page, progress: Progress, reading: Reading, knowledge: Knowledge) -> PageDecision:
        channels = {item.channel_id for item in page.items if isinstance(item, ChannelSeen)}
        for channel_id in sorted(channels):
            await knowledge.claim(channel_id)
        refs = [item.message.source_ref for item in page.items if isinstance(item, MessageSeen)]
        return decide_page(
            page,
            progress,
            reading,
            messages=await knowledge.messages(refs),
            channels=await knowledge.channels(channels),
        )

    async def _tell(self, decision: PageDecision, context: JobContext) -> Progress:
        """The page's facts first, each confirmed; then its commit."""
        await context.facts.tell_all(decision.facts)
        if decision.committed:
            await context.facts.tell(decision.committed)
        return decision.progress


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
