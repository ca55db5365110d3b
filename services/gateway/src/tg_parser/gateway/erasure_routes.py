"""Erasures as REST resources."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from tg_parser.gateway.callers import Caller
from tg_parser.gateway.erasures import Erasures, ErasureStatus
from tg_parser.gateway.requests import ErasureRequest
from tg_parser.gateway.workflow_routes import POLL_AFTER


def erasure_routes(erasures: Erasures, caller: Caller) -> APIRouter:
    """The routes over their use cases."""
    app = APIRouter(tags=["erasures"])

    @app.post("/api/v1/erasures", status_code=202)
    async def request_erasure(
        asked: ErasureRequest,
        response: Response,
        actor: str = caller,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> ErasureStatus:
        """Make messages' texts disappear for ever, from everywhere. There is no way back."""
        status = await erasures.request(asked, idempotency_key, actor)
        response.headers["Location"] = f"/api/v1/erasures/{status.id}"
        response.headers["Retry-After"] = str(POLL_AFTER)
        return status

    @app.get("/api/v1/erasures/{erasure_id}")
    async def show_erasure(erasure_id: Annotated[str, Path(max_length=64)], actor: str = caller) -> ErasureStatus:
        """How far an erasure is."""
        del actor
        return await erasures.show(erasure_id)

    del request_erasure, show_erasure
    return app
