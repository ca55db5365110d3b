"""Whether a service lives and whether it is ready, told over HTTP; and its metrics.

Alive means that the event loop answers, nothing more: servers that are away must not get a service restarted. Ready
means that JetStream, every consumer, every projection and Postgres really answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tg_parser.chassis.errors import ServerUnavailable

STOP_WITHIN = 8.0  # seconds for answers under way, the server's own grace included

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(slots=True)
class Readiness:
    """What was last found out about each thing a service needs. Updated by a task; asking is free."""

    checks: dict[str, bool] = field(default_factory=dict[str, bool])
    once: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everything answered for the first time."""

    def update(self, checks: dict[str, bool]) -> None:
        """Take note of what was found out."""
        self.checks = checks
        if self.ready:
            self.once.set()

    @property
    def ready(self) -> bool:
        """Whether everything answers. A service that has not looked yet is not ready."""
        return bool(self.checks) and all(self.checks.values())

    def as_dict(self) -> dict[str, Any]:
        """For a person or a probe."""
        return {"status": "ok" if self.ready else "unavailable", "checks": dict(self.checks)}


class HealthApp:
    """`/livez`, `/readyz` and `/metrics` as an ASGI application."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, kind, body = self._answer(str(scope["path"]))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/livez":
            return 200, "application/json", b'{"status": "ok"}'
        if path == "/readyz":
            return (
                (200 if self._readiness.ready else 503),
                "application/json",
                json.dumps(self._readiness.as_dict()).encode(),
            )
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest()
        return 404, "application/json", b'{"status": "not found"}'


class HttpServer(uvicorn.Server):
    """uvicorn inside a service: it is stopped by the service, not by signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`. Raises ServerUnavailable if the port cannot be had, where uvicorn would exit."""
        try:
            await super().serve(sockets)
        except SystemExit as refused:
            raise ServerUnavailable(
                f"The health endpoint cannot listen on {self.config.host}:{self.config.port}. Is the port taken?"
            ) from refused

    async def serve_until_cancelled(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; when cancelled, first answer what is being answered and let go of the sockets.

        A listening socket that is closed under a loop which still watches it leaves its number watched: the next socket
        of that number would never be heard.
        """
        serving = asyncio.create_task(self.serve(sockets), name="http server")
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await _ended(serving, within=STOP_WITHIN)


async def _ended(task: asyncio.Task[None], *, within: float) -> None:
    """Wait for `task` whatever else is asked of the caller; after `within` seconds cancel it."""
    deadline = asyncio.get_running_loop().time() + within
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=within)
        if asyncio.get_running_loop().time() >= deadline:
            task.cancel()


def http_server(app: Any, host: str, port: int) -> HttpServer:
    """A server for `app`; await its `serve_until_cancelled()` in a supervised task."""
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=5, ws="none"
    )
    return HttpServer(config)
