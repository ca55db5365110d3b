"""From the ledger to the saga: notices, each told until the saga has heard it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, fields
from typing import Final

import structlog
from pydantic import TypeAdapter

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.database import DATABASE_ERRORS
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.documents import ProcessingPaused
from tg_parser.contracts.jobs import JobFailed
from tg_parser.contracts.knowledge import ExportCompleted, ExportRefused
from tg_parser.contracts.messages import IngestCompleted, IngestRefused
from tg_parser.contracts.topics import TopicizationCompleted
from tg_parser.contracts.workflows import STAGES
from tg_parser.orchestrator.domain.commands import (
    Command,
    Pause,
    RecordExportCompleted,
    RecordExportRefused,
    RecordIngestCompleted,
    RecordIngestRefused,
    RecordJobFailed,
    RecordProcessCompleted,
    RecordTopicizeCompleted,
)
from tg_parser.orchestrator.handlers import WorkflowCommands
from tg_parser.orchestrator.ledger.projection import PROCESS_COMPLETED
from tg_parser.orchestrator.ports import Notice, NoticeBoard

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
PROCESSED: Final = TypeAdapter(RecordProcessCompleted)


def command_of(notice: Notice) -> Command | None:
    """What the saga must be told; None if it is not about a stage. Raises ValueError if the notice cannot be read."""
    if notice.kind == PROCESS_COMPLETED:
        return PROCESSED.validate_json(notice.body)
    match decode_body(notice.kind, notice.body.encode()):
        case IngestCompleted() | ExportCompleted() | TopicizationCompleted() as done:
            return _completed(done, notice)
        case IngestRefused() | ExportRefused() as refused:
            return _refused(refused, notice)
        case ProcessingPaused(reason=reason, detail=detail):
            return Pause(reason, detail, notice.generation)
        case JobFailed() as failed if failed.job_kind in STAGES:
            return RecordJobFailed(failed.job_kind, failed.error_class, failed.detail, notice.generation)
        case _:
            return None


def _completed(done: IngestCompleted | ExportCompleted | TopicizationCompleted, notice: Notice) -> Command:
    match done:
        case IngestCompleted():
            counted = done.model_dump(include=INGEST_FIELDS)
            return RecordIngestCompleted(**counted, last_seq=notice.seq, generation=notice.generation)
        case TopicizationCompleted():
            return RecordTopicizeCompleted(done.epoch, done.topics, done.unassigned, notice.seq, notice.generation)
        case ExportCompleted():
            return RecordExportCompleted(done.location, done.log_position, done.artifacts, notice.generation)


def _refused(refused: IngestRefused | ExportRefused, notice: Notice) -> Command:
    if isinstance(refused, IngestRefused):
        return RecordIngestRefused(refused.reason, notice.generation)
    return RecordExportRefused(refused.reason, notice.generation)


INGEST_FIELDS: Final = {each.name for each in fields(RecordIngestCompleted)} - {"generation", "last_seq"}


@dataclass
class Announcer:
    """Tells the saga what the ledger found. What a crash keeps from being told is told at the next look."""

    board: NoticeBoard
    commands: WorkflowCommands
    look_every_s: float
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There are new notices."""
        self._wake.set()

    async def run(self) -> None:
        """Announce for ever; a supervised task."""
        while not asked_to_stop():
            self._wake.clear()
            try:
                await self.announce()
            except (*DATABASE_ERRORS, TransientError) as error:
                log.warning("Notices wait for a server.", action="notices_waiting", error=str(error)[:300])
            await self._next_look()

    async def announce(self) -> None:
        """Tell every notice that waits."""
        while notices := await self.board.waiting(AT_ONCE):
            for notice in notices:
                await self._tell(notice)
                await self.board.announced(notice)

    async def _tell(self, notice: Notice) -> None:
        try:
            command = command_of(notice)
        except ValueError as error:
            log.error("A notice cannot be read and is left out.", action="notice_poison", error=str(error)[:300])
            return
        if command:
            await self.commands.execute(notice.workflow_id, command)

    async def _next_look(self) -> None:
        try:
            async with asyncio.timeout(self.look_every_s):
                await self._wake.wait()
        except TimeoutError:
            return
