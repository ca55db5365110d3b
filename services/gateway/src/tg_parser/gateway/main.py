"""Gateway: REST in, read models out.

Hears the workflows' logs and live numbers · Tells WorkflowRequested, CancelRequested · Owns the list of workflows
(schema `gateway`).
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.health import HttpServer, Readiness, http_server
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.gateway.api import create_app
from tg_parser.gateway.projection import WorkflowsProjection
from tg_parser.gateway.settings import GatewaySettings
from tg_parser.gateway.workflows import Workflows


class Gateway(Service):
    """The service, and where it listens."""

    def __init__(
        self, chassis: Chassis, projector: Projector, listener: socket.socket, api_keys: tuple[str, ...]
    ) -> None:
        host, port = listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._listener = listener
        self.readiness = Readiness()
        self._http: HttpServer = http_server(create_app(Workflows(chassis), self.readiness, api_keys), host, port)
        super().__init__(
            "gateway", chassis=chassis, projectors=[projector], tasks={"http": self._serve}, readiness=self.readiness
        )

    async def _serve(self) -> None:
        await self._http.serve_until_cancelled([self._listener])


@asynccontextmanager
async def build(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """Open what the gateway needs, wire it, and close it afterwards. The port is taken before anything else is done."""
    with socket.create_server((settings.host, settings.port), backlog=128) as listener:
        async with open_chassis(
            "gateway", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
        ) as chassis:
            await chassis.require_database().migrate("tg_parser.gateway.migrations", "gateway")
            projector = Projector(WorkflowsProjection(), chassis, stream=subjects.WORKFLOWS)
            yield Gateway(chassis, projector, listener, settings.api_keys)


def main() -> None:
    """Run the gateway on its own."""
    settings = GatewaySettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
