"""Errors as RFC 9457 problems: a type, a title and one sentence. No traceback reaches a caller."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tg_parser.chassis.errors import ChassisError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Invalid",
}


class Problem(Exception):
    """A refusal: its status and the sentence that explains it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def response(status: int, detail: str, **more: Any) -> JSONResponse:
    """The problem as an answer."""
    title = TITLES.get(status, "Error")
    body = {
        "type": f"urn:tg-parser:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    return JSONResponse({**body, **more}, status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""

    async def refused(request: Request, problem: Exception) -> JSONResponse:
        del request
        assert isinstance(problem, Problem)  # noqa: S101 - registered for this class alone
        return response(problem.status, problem.detail)

    async def http(request: Request, error: Exception) -> JSONResponse:
        del request
        return response(getattr(error, "status_code", 500), str(getattr(error, "detail", "Something went wrong.")))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        del request
        found = error.errors() if isinstance(error, RequestValidationError) else []
        errors = [{"pointer": "/" + "/".join(map(str, entry["loc"])), "detail": entry["msg"]} for entry in found]
        return response(422, "The request is not what this address takes.", errors=errors)

    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        del request
        return response(503, str(error))

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("A request failed.", action="request_failed", path=request.url.path, exc_info=error)
        return response(500, "Something went wrong here. It was logged.")

    app.add_exception_handler(Problem, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ChassisError, unavailable)
    app.add_exception_handler(Exception, unexpected)
