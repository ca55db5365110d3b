"""Asking for workflows and looking at them: the only thing written is the first event of a log."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import ConcurrencyError
from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import ModelChoice
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import WorkflowEvent
from tg_parser.contracts.subjects import PROGRESS_BUCKET
from tg_parser.contracts.workflows import (
    CancelRequested,
    ExportTarget,
    ResumeRequested,
    WorkflowProgress,
    WorkflowRequested,
)
from tg_parser.gateway.domain.status import SETTLED, WorkflowStatus, fold, with_progress
from tg_parser.gateway.problems import Problem
from tg_parser.gateway.requests import ReadRequest, ResumeRequest, WorkflowRequest

PAGE = text(
    "SELECT id, kind, state, requested_at, finished_at FROM gateway.workflow "
    "WHERE (cast(:at as timestamptz) IS NULL OR (requested_at, id) < (cast(:at as timestamptz), :id)) "
    "ORDER BY requested_at DESC, id DESC LIMIT :limit"
)
ATTEMPTS = 5


@dataclass(slots=True)
class Workflows:
    """The gateway's use cases."""

    chassis: Chassis
    _progress: KeyValue | None = None

    async def request(self, asked: WorkflowRequest, key: str, actor: str) -> tuple[WorkflowStatus, int]:
        """Begin a workflow, or find the one this key began. Raises Problem 422 if that one asked for something else."""
        source, target, choice = asked.contracts()
        event = WorkflowRequested(
            kind=asked.kind,
            at=self.chassis.clock(),
            actor=actor,
            source=source,
            target=target,
            choice=choice,
            lane=asked.lane,
            idempotency_key=key,
            fingerprint=asked.digest,
            options=asked.options.contract() if asked.options else None,
        )
        return await self._begin(asked.workflow_id(key), event)

    async def read(self, source: SourceSpec, asked: ReadRequest, key: str, actor: str) -> tuple[WorkflowStatus, int]:
        """Begin to read a registered source. Raises Problem 422 as `request` does."""
        now = self.chassis.clock()
        digest = hashlib.sha256((source.model_dump_json() + asked.model_dump_json()).encode()).hexdigest()
        event = WorkflowRequested(
            kind="run",
            at=now,
            actor=actor,
            source=source,
            target=ExportTarget.model_validate(asked.target.model_dump()) if asked.target else None,
            choice=ModelChoice.model_validate(asked.choice.model_dump()),
            lane=asked.lane,
            idempotency_key=key,
            fingerprint=digest,
        )
        return await self._begin(deterministic_id("read", source.source_id, key or now.isoformat()), event)

    async def _begin(self, workflow_id: str, asked: WorkflowRequested) -> tuple[WorkflowStatus, int]:
        try:
            await self.chassis.log.append(workflow_id, [asked], expected_seq=0)
        except ConcurrencyError:
            first = (await self.chassis.log.load(workflow_id))[0].message
            if not isinstance(first, WorkflowRequested) or first.fingerprint != asked.fingerprint:
                raise Problem(422, "This idempotency key was used for another request.") from None
        return await self.status(workflow_id)

    async def status(self, workflow_id: str) -> tuple[WorkflowStatus, int]:
        """How it stands, and the position of its log. Raises Problem 404."""
        log = await self.chassis.log.load(workflow_id)
        status = fold(workflow_id, (entry.message for entry in log))
        if status is None:
            raise Problem(404, f"There is no workflow {workflow_id}.")
        if status.state not in SETTLED:
            status = with_progress(status, await self._live(workflow_id))
        return status, log[-1].seq

    async def _live(self, workflow_id: str) -> WorkflowProgress | None:
        self._progress = self._progress or await self.chassis.nc.jetstream().key_value(PROGRESS_BUCKET)
        try:
            entry = await self._progress.get(workflow_id)
        except KeyNotFoundError:
            return None
        return WorkflowProgress.model_validate_json(entry.value or b"{}")

    async def cancel(self, workflow_id: str, actor: str) -> tuple[WorkflowStatus, int]:
        """Ask a workflow to stop; a settled one stays as it is."""
        for _ in range(ATTEMPTS):
            status, position = await self.status(workflow_id)
            if status.state in SETTLED or status.state == "cancelling":
                return status, position
            event = CancelRequested(at=self.chassis.clock(), actor=actor)
            if await self._appended(workflow_id, event, position):
                return await self.status(workflow_id)
        raise Problem(409, "The workflow moves on too fast just now; ask again.")

    async def resume(self, workflow_id: str, asked: ResumeRequest, actor: str) -> tuple[WorkflowStatus, int]:
        """Let a paused workflow go on; one that is not paused stays as it is."""
        for _ in range(ATTEMPTS):
            status, position = await self.status(workflow_id)
            if status.state != "paused":
                return status, position
            budget = asked.budget.contract() if asked.budget else None
            event = ResumeRequested(at=self.chassis.clock(), actor=actor, budget=budget)
            if await self._appended(workflow_id, event, position):
                return await self.status(workflow_id)
        raise Problem(409, "The workflow moves on too fast just now; ask again.")

    async def _appended(self, workflow_id: str, event: WorkflowEvent, position: int) -> bool:
        """Whether the event is in the log, right after `position`."""
        try:
            await self.chassis.log.append(workflow_id, [event], expected_seq=position)
        except ConcurrencyError:
            return False
        return True

    async def page(self, limit: int, cursor: str) -> dict[str, Any]:
        """The newest workflows, and where the next page begins. Raises Problem 400 for a cursor that is none of ours."""
        at, last = read_cursor(cursor)
        async with self.chassis.require_database().engine.connect() as connection:
            rows = (await connection.execute(PAGE, {"at": at, "id": last, "limit": limit + 1})).all()
        items: list[dict[str, Any]] = [
            {
                "id": row.id,
                "kind": row.kind,
                "state": row.state,
                "requested_at": row.requested_at.isoformat(),
                "finished_at": row.finished_at.isoformat() if row.finished_at else None,
            }
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return {"items": items, "next": write_cursor(items[-1]["requested_at"], items[-1]["id"]) if more else None}


def write_cursor(at: str, workflow_id: str) -> str:
    """The place after an item, opaque to callers."""
    return base64.urlsafe_b64encode(json.dumps([at, workflow_id]).encode()).decode()


def read_cursor(cursor: str) -> tuple[Any, str]:
    """The place a cursor names: a moment and an id."""
    if not cursor:
        return None, ""
    try:
        at, workflow_id = json.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), str(workflow_id)
    except (ValueError, TypeError, binascii.Error) as broken:
        raise Problem(400, "The cursor is none that this address gave out.") from broken
