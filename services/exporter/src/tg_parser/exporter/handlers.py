"""Jobs in, files and one fact out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.contracts.jobs import Export, JobFailed
from tg_parser.contracts.knowledge import ExportCompleted, ExportRefused
from tg_parser.contracts.model import Fact
from tg_parser.exporter.draft import Written
from tg_parser.exporter.export import write_export
from tg_parser.exporter.ports import Folders, FolderUnusable, KnowledgeBase, Refusal

LISTED = 1000
"""Artifacts a fact names at most: a message has to stay far below the broker's limit. The manifest names every file."""

CaughtUp = Callable[[int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class WriteExport:
    """Write the knowledge base into a folder once everything the workflow did is in it.

    Attributes:
        caught_up: returns when the read model holds the facts up to a position. Raises TransientError if that takes too long.
        base: the read model.
        folders: where files may go.
    """

    caught_up: CaughtUp
    base: KnowledgeBase
    folders: Folders

    async def __call__(self, job: Export, context: JobContext) -> None:
        """Tells ExportCompleted or ExportRefused. A redelivered job writes the same bytes again."""
        if context.cancelled():
            return
        path = await asyncio.to_thread(self.folders.allowed, job.location)
        if isinstance(path, Refusal):
            await context.facts.tell(ExportRefused(reason=path.reason))
            return
        await self.caught_up(job.after_seq)
        try:
            written = await write_export(self.base, self.folders, path, pretty=job.pretty)
        except FolderUnusable as unusable:
            await context.facts.tell(ExportRefused(reason=str(unusable)))
            return
        await context.facts.tell(completed(job, written))


def completed(job: Export, written: Written) -> ExportCompleted:
    """The fact of an export that is complete."""
    return ExportCompleted(
        location=job.location, log_position=written.manifest.log_position, artifacts=written.artifacts[:LISTED]
    )


def failed(job: Export, failure: JobFailure) -> Sequence[Fact]:
    """What an export that could not be written leaves behind."""
    return (
        JobFailed(
            job_kind=job.KIND,
            error_class=failure.error_class,
            detail=failure.detail[:2000],
            attempts=failure.attempts,
        ),
    )
