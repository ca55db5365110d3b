"""Workflows as REST resources."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from tg_parser.gateway.callers import Caller
from tg_parser.gateway.domain.status import WorkflowStatus
from tg_parser.gateway.problems import Problem
from tg_parser.gateway.requests import ResumeRequest, WorkflowRequest
from tg_parser.gateway.workflows import Workflows

PAGE_LIMIT = 200
POLL_AFTER = 1  # seconds a caller should wait before asking how a new workflow stands


def workflow_routes(workflows: Workflows, caller: Caller) -> APIRouter:
    """The routes over their use cases."""
    app = APIRouter(tags=["workflows"])

    @app.post("/api/v1/workflows", status_code=202, response_model=WorkflowStatus)
    async def request_workflow(
        asked: WorkflowRequest,
        actor: str = caller,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> Response:
        """Ask for a workflow. The same Idempotency-Key, or without one the same request, is the same workflow."""
        status, position = await workflows.request(asked, idempotency_key, actor)
        headers = {"Location": f"/api/v1/workflows/{status.id}", "Retry-After": str(POLL_AFTER)}
        return resource(status, position, 202, headers)

    @app.get("/api/v1/workflows/{workflow_id}", response_model=WorkflowStatus)
    async def show_workflow(
        workflow_id: str, actor: str = caller, if_none_match: Annotated[str, Header(max_length=200)] = ""
    ) -> Response:
        """How a workflow stands."""
        del actor
        status, position = await workflows.status(token(workflow_id))
        live = status.state in {"running", "cancelling"}
        if not live and if_none_match == f'"{position}"':
            return Response(status_code=304)
        return resource(status, position, 200, {})

    @app.get("/api/v1/workflows")
    async def list_workflows(
        actor: str = caller,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        cursor: Annotated[str, Query(max_length=400)] = "",
    ) -> dict[str, Any]:
        """The newest workflows; `next` continues."""
        del actor
        return await workflows.page(limit, cursor)

    @app.post("/api/v1/workflows/{workflow_id}/cancel", status_code=202, response_model=WorkflowStatus)
    async def cancel_workflow(workflow_id: str, actor: str = caller) -> Response:
        """Stop a workflow; what is done stays done."""
        status, position = await workflows.cancel(token(workflow_id), actor)
        return resource(status, position, 202, {})

    @app.post("/api/v1/workflows/{workflow_id}/resume", status_code=202, response_model=WorkflowStatus)
    async def resume_workflow(workflow_id: str, asked: ResumeRequest | None = None, actor: str = caller) -> Response:
        """Let a paused workflow go on, with another budget if one is given."""
        status, position = await workflows.resume(token(workflow_id), asked or ResumeRequest(), actor)
        return resource(status, position, 202, {})

    del request_workflow, show_workflow, list_workflows, cancel_workflow, resume_workflow
    return app


def resource(status: WorkflowStatus, position: int, code: int, headers: dict[str, str]) -> Response:
    """A workflow as an answer; its ETag is the position of its log."""
    return Response(status.model_dump_json(), code, {"ETag": f'"{position}"', **headers}, "application/json")


def token(workflow_id: str) -> str:
    """A workflow's id is one token of a subject: whatever else is asked for does not exist."""
    if not workflow_id or len(workflow_id) > 100 or not all(char.isalnum() or char in "-_" for char in workflow_id):
        raise Problem(404, f"There is no workflow {workflow_id[:100]}.")
    return workflow_id
