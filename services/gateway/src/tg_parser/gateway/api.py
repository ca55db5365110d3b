"""The REST interface, as a FastAPI application."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from tg_parser.chassis.health import Readiness
from tg_parser.gateway import problems
from tg_parser.gateway.domain.status import WorkflowStatus
from tg_parser.gateway.problems import Problem
from tg_parser.gateway.requests import WorkflowRequest
from tg_parser.gateway.workflows import Workflows

BODY_LIMIT = 64 * 1024  # bytes; a request is a few hundred
PAGE_LIMIT = 200
POLL_AFTER = 1  # seconds a caller should wait before asking how a new workflow stands

REQUESTS = Counter("tg_http_requests_total", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("tg_http_request_duration_seconds", "Time to answer a request.", ["route"])

Next = Callable[[Request], Awaitable[Response]]


def create_app(workflows: Workflows, readiness: Readiness, api_keys: tuple[str, ...] = ()) -> FastAPI:
    """The application over its use cases."""
    app = FastAPI(
        title="TG_parser",
        description="Telegram channels in, a knowledge base out.",
        version="1",
        docs_url="/docs",
        redoc_url=None,
    )
    problems.install(app)
    app.middleware("http")(_bounded)
    app.middleware("http")(_measured)
    _health_routes(app, readiness)
    _workflow_routes(app, workflows, api_keys)
    return app


def _health_routes(app: FastAPI, readiness: Readiness) -> None:
    @app.get("/health", tags=["health"])
    @app.get("/readyz", tags=["health"], include_in_schema=False)
    async def health() -> JSONResponse:
        """Whether everything the gateway needs answers."""
        return JSONResponse(readiness.as_dict(), 200 if readiness.ready else 503)

    @app.get("/livez", tags=["health"], include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", tags=["health"])
    async def metrics() -> Response:
        """Prometheus metrics of this process."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    del health, alive, metrics


def _workflow_routes(app: FastAPI, workflows: Workflows, api_keys: tuple[str, ...]) -> None:
    caller = Depends(_caller(api_keys))

    @app.post("/api/v1/workflows", status_code=202, tags=["workflows"], response_model=WorkflowStatus)
    async def request_workflow(
        asked: WorkflowRequest,
        actor: str = caller,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> Response:
        """Ask for a workflow. The same Idempotency-Key, or without one the same request, is the same workflow."""
        status, position = await workflows.request(asked, idempotency_key, actor)
        headers = {"Location": f"/api/v1/workflows/{status.id}", "Retry-After": str(POLL_AFTER)}
        return _resource(status, position, 202, headers)

    @app.get("/api/v1/workflows/{workflow_id}", tags=["workflows"], response_model=WorkflowStatus)
    async def show_workflow(
        workflow_id: str, actor: str = caller, if_none_match: Annotated[str, Header(max_length=200)] = ""
    ) -> Response:
        """How a workflow stands."""
        del actor
        status, position = await workflows.status(_token(workflow_id))
        live = status.state in {"running", "cancelling"}
        if not live and if_none_match == f'"{position}"':
            return Response(status_code=304)
        return _resource(status, position, 200, {})

    @app.get("/api/v1/workflows", tags=["workflows"])
    async def list_workflows(
        actor: str = caller,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        cursor: Annotated[str, Query(max_length=400)] = "",
    ) -> dict[str, Any]:
        """The newest workflows; `next` continues."""
        del actor
        return await workflows.page(limit, cursor)

    @app.post(
        "/api/v1/workflows/{workflow_id}/cancel", status_code=202, tags=["workflows"], response_model=WorkflowStatus
    )
    async def cancel_workflow(workflow_id: str, actor: str = caller) -> Response:
        """Stop a workflow; what is done stays done."""
        status, position = await workflows.cancel(_token(workflow_id), actor)
        return _resource(status, position, 202, {})

    del request_workflow, show_workflow, list_workflows, cancel_workflow


def _resource(status: WorkflowStatus, position: int, code: int, headers: dict[str, str]) -> Response:
    return Response(status.model_dump_json(), code, {"ETag": f'"{position}"', **headers}, "application/json")


def _token(workflow_id: str) -> str:
    """A workflow's id is one token of a subject: whatever else is asked for does not exist."""
    if not workflow_id or len(workflow_id) > 100 or not all(char.isalnum() or char in "-_" for char in workflow_id):
        raise Problem(404, f"There is no workflow {workflow_id[:100]}.")
    return workflow_id


def _caller(api_keys: tuple[str, ...]) -> Callable[..., Awaitable[str]]:
    async def caller(x_api_key: Annotated[str, Header(max_length=200)] = "") -> str:
        if not api_keys:
            return "anonymous"
        digest = hashlib.sha256(x_api_key.encode()).hexdigest()
        known = [hmac.compare_digest(digest, key.lower()) for key in api_keys]
        if not any(known):
            raise Problem(401, "This address needs a key in the header X-API-Key.")
        return f"key {digest[:8]}"

    return caller


async def _bounded(request: Request, call_next: Next) -> Response:
    """Refuse bodies that are too large, before they are read."""
    length = request.headers.get("content-length", "0")
    unbounded = bool(request.headers.get("transfer-encoding")) or not length.isdigit() or int(length) > BODY_LIMIT
    if unbounded and request.method in {"POST", "PUT", "PATCH"}:
        return problems.response(413, f"A request has at most {BODY_LIMIT:,} bytes and says how many.")
    return await call_next(request)


async def _measured(request: Request, call_next: Next) -> Response:
    started = time.perf_counter()
    answer = await call_next(request)
    route = getattr(request.scope.get("route"), "path", "none")
    REQUESTS.labels(route, request.method, answer.status_code).inc()
    REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)
    return answer
