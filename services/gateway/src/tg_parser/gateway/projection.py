"""The list of workflows: one row each, folded from all logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.model import Message
from tg_parser.contracts.subjects import WORKFLOW_SUBJECTS
from tg_parser.contracts.workflows import (
    CancelRequested,
    ResumeRequested,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowPaused,
    WorkflowRequested,
    WorkflowStarted,
)

REQUESTED = text(
    "INSERT INTO gateway.workflow (id, kind, state, requested_at) "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:kinds as text[]), cast(:states as text[]), cast(:ats as timestamptz[])) "
    "ON CONFLICT (id) DO NOTHING"
)
CHANGED = text(
    "UPDATE gateway.workflow SET state = told.state, finished_at = told.finished_at "
    "FROM unnest(cast(:ids as text[]), cast(:states as text[]), cast(:ats as timestamptz[])) AS told (id, state, finished_at) "
    "WHERE gateway.workflow.id = told.id"
)


class WorkflowsProjection:
    """See `Projection`. It hears the workflows' logs, not the facts."""

    name = "gateway.workflows"
    filters = (WORKFLOW_SUBJECTS,)
    tables = ("gateway.workflow",)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`."""
        requested = [
            (entry.workflow_id, event) for entry in batch if isinstance(event := entry.message, WorkflowRequested)
        ]
        if requested:
            columns = {
                "ids": [workflow_id for workflow_id, _ in requested],
                "kinds": [event.kind for _, event in requested],
                "states": ["requested"] * len(requested),
                "ats": [event.at for _, event in requested],
            }
            await connection.execute(REQUESTED, columns)
        changed = {entry.workflow_id: state for entry in batch if (state := _state(entry)) is not None}
        if changed:
            columns = {
                "ids": list(changed),
                "states": [state for state, _ in changed.values()],
                "ats": [at for _, at in changed.values()],
            }
            await connection.execute(CHANGED, columns)


def _state(entry: Recorded) -> tuple[str, object] | None:
    event = entry.message
    match event:
        case WorkflowStarted() | ResumeRequested() | WorkflowPaused() | CancelRequested():
            return STATE_OF[type(event)], None
        case WorkflowCompleted():
            return ("completed" if event.result == "complete" else "partial"), event.at
        case WorkflowFailed() | WorkflowCancelled():
            return STATE_OF[type(event)], event.at
        case _:
            return None


STATE_OF: Final[dict[type[Message], str]] = {
    WorkflowStarted: "running",
    ResumeRequested: "running",
    WorkflowPaused: "paused",
    CancelRequested: "cancelling",
    WorkflowFailed: "failed",
    WorkflowCancelled: "cancelled",
}
