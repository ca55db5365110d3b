"""Gateway: REST in, read models out.

Hears the workflows' logs and live numbers, and what is told about registered sources, accounts and erased messages · Tells
WorkflowRequested, CancelRequested, SourceAdded, SourcePaused, SourceResumed, SourceRemoved, SourceRunStarted,
ErasureRequested, ChannelErasureRequested · Owns the lists of workflows, sources, accounts and erasures (schema `gateway`).
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.health import HttpServer, Readiness, http_server
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.gateway.accounts import Accounts, AccountsProjection
from tg_parser.gateway.api import create_app
from tg_parser.gateway.erasures import Erasures
from tg_parser.gateway.erasures_projection import ErasuresProjection
from tg_parser.gateway.projection import WorkflowsProjection
from tg_parser.gateway.settings import GatewaySettings
from tg_parser.gateway.sources import Sources
from tg_parser.gateway.sources_projection import SourcesProjection
from tg_parser.gateway.workflows import Workflows

CATCH_UP = 20.0  # seconds an answer waits for its own fact to be in the tables


class Gateway(Service):
    """The service, and where it listens."""

    def __init__(
        self,
        chassis: Chassis,
        projectors: Sequence[Projector],
        *,
        sources: Sources,
        accounts: Accounts,
        erasures: Erasures,
        listener: socket.socket,
        api_keys: tuple[str, ...],
    ) -> None:
        host, port = listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._listener = listener
        self.readiness = Readiness()
        app = create_app(Workflows(chassis), sources, accounts, erasures, readiness=self.readiness, api_keys=api_keys)
        self._http: HttpServer = http_server(app, host, port)
        super().__init__(
            "gateway", chassis=chassis, projectors=projectors, tasks={"http": self._serve}, readiness=self.readiness
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
            workflows = Projector(WorkflowsProjection(), chassis, stream=subjects.WORKFLOWS)
            registered = Projector(SourcesProjection(), chassis)
            sources = Sources(chassis, partial(registered.wait_until_current, timeout=CATCH_UP))
            using = Projector(AccountsProjection(), chassis)
            accounts = Accounts(chassis, partial(using.wait_until_current, timeout=CATCH_UP))
            asked = Projector(ErasuresProjection(), chassis)
            erasures = Erasures(chassis, partial(asked.wait_until_current, timeout=CATCH_UP))
            yield Gateway(
                chassis,
                [workflows, registered, using, asked],
                sources=sources,
                accounts=accounts,
                erasures=erasures,
                listener=listener,
                api_keys=settings.api_keys,
            )


def main() -> None:
    """Run the gateway on its own."""
    settings = GatewaySettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
