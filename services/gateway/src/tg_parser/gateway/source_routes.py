"""Registered sources as REST resources."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from tg_parser.contracts.sources import SOURCE_ID_PATTERN
from tg_parser.gateway.callers import Caller
from tg_parser.gateway.domain.status import WorkflowStatus
from tg_parser.gateway.requests import ReadRequest, SourceRequest
from tg_parser.gateway.sources import Sources, SourceStatus
from tg_parser.gateway.workflow_routes import POLL_AFTER, resource
from tg_parser.gateway.workflows import Workflows

SourceId = Annotated[str, Path(pattern=SOURCE_ID_PATTERN)]


def source_routes(sources: Sources, workflows: Workflows, caller: Caller) -> APIRouter:
    """The routes over their use cases."""
    app = APIRouter(tags=["sources"])

    @app.post("/api/v1/sources", status_code=201)
    async def add_source(asked: SourceRequest, actor: str = caller) -> SourceStatus:
        """Register a source; one of the same name is changed."""
        return await sources.add(asked, actor)

    @app.get("/api/v1/sources")
    async def list_sources(actor: str = caller) -> list[SourceStatus]:
        """Every registered source."""
        del actor
        return await sources.list()

    @app.get("/api/v1/sources/{source_id}")
    async def show_source(source_id: SourceId, actor: str = caller) -> SourceStatus:
        """One source, with its channels and what is missing of them."""
        del actor
        return await sources.show(source_id)

    @app.post("/api/v1/sources/{source_id}/pause")
    async def pause_source(source_id: SourceId, actor: str = caller) -> SourceStatus:
        """Leave a source alone."""
        return await sources.pause(source_id, actor)

    @app.post("/api/v1/sources/{source_id}/resume")
    async def resume_source(source_id: SourceId, actor: str = caller) -> SourceStatus:
        """Read a paused or refused source again."""
        return await sources.resume(source_id, actor)

    @app.delete("/api/v1/sources/{source_id}", status_code=204)
    async def remove_source(source_id: SourceId, actor: str = caller) -> None:
        """Forget a source. What was read from it stays."""
        await sources.remove(source_id, actor)

    @app.post("/api/v1/sources/{source_id}/runs", status_code=202, response_model=WorkflowStatus)
    async def read_source(
        source_id: SourceId,
        asked: ReadRequest,
        actor: str = caller,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> Response:
        """Read a source now. Without an Idempotency-Key every request is a workflow of its own."""
        spec = await sources.spec_of(source_id, asked)
        status, position = await workflows.read(spec, asked, idempotency_key, actor)
        await sources.started(source_id, status.id)
        headers = {"Location": f"/api/v1/workflows/{status.id}", "Retry-After": str(POLL_AFTER)}
        return resource(status, position, 202, headers)

    del add_source, list_sources, show_source, pause_source, resume_source, remove_source, read_source
    return app
