"""The REST interface, as a FastAPI application."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from tg_parser.chassis.health import Readiness
from tg_parser.gateway import problems
from tg_parser.gateway.account_routes import account_routes
from tg_parser.gateway.accounts import Accounts
from tg_parser.gateway.callers import caller_by
from tg_parser.gateway.erasure_routes import erasure_routes
from tg_parser.gateway.erasures import Erasures
from tg_parser.gateway.source_routes import source_routes
from tg_parser.gateway.sources import Sources
from tg_parser.gateway.workflow_routes import workflow_routes
from tg_parser.gateway.workflows import Workflows

BODY_LIMIT = 64 * 1024  # bytes; a request is a few hundred

REQUESTS = Counter("tg_http_requests_total", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("tg_http_request_duration_seconds", "Time to answer a request.", ["route"])

Next = Callable[[Request], Awaitable[Response]]


def create_app(
    workflows: Workflows,
    sources: Sources,
    accounts: Accounts,
    erasures: Erasures,
    *,
    readiness: Readiness,
    api_keys: tuple[str, ...] = (),
) -> FastAPI:
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
    caller = caller_by(api_keys)
    app.include_router(workflow_routes(workflows, caller))
    app.include_router(source_routes(sources, workflows, caller))
    app.include_router(account_routes(accounts, caller))
    app.include_router(erasure_routes(erasures, caller))
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
