"""The connection to NATS: one per service, shared by its FastStream broker and everything that speaks JetStream directly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError

from tg_parser.chassis.errors import ServerUnavailable
from tg_parser.chassis.settings import NatsSettings

log = structlog.get_logger(__name__)

RECONNECT_WAIT = 1  # seconds; nats-py's own default of 60 tries x 2 s gives up for good after two minutes
DRAIN_WITHIN = 10.0  # seconds for what is under way when a service ends
PENDING_BYTES = 16 * 1024 * 1024  # what may wait in the client while the server is away


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection. `lost` is set only when the client has given up for good, which ends the service."""

    broker: NatsBroker
    nc: Client
    lost: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def open_connection(name: str, settings: NatsSettings) -> AsyncIterator[Connection]:
    """Connect as `name` and stay connected, for ever, through any outage.

    Raises ServerUnavailable if there is no server within the first `connect_timeout_s`.
    """
    lost = asyncio.Event()
    closing = asyncio.Event()

    async def closed() -> None:
        lost.set()

    async def disconnected() -> None:
        if not closing.is_set():
            log.warning("The connection to NATS is interrupted; it will be tried again.", action="nats_disconnected")

    async def reconnected() -> None:
        log.info("The connection to NATS is back.", action="nats_reconnected")

    async def failed(error: Exception) -> None:
        ours = not isinstance(error, NatsError)  # raised by a callback of this program, not by the server
        (log.error if ours else log.debug)("NATS reported an error.", action="nats_error", error=repr(error))

    broker = NatsBroker(
        settings.url.get_secret_value(),
        name=f"tg-parser/{name}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT,
        pending_size=PENDING_BYTES,
        connect_timeout=2,
        closed_cb=closed,
        disconnected_cb=disconnected,
        reconnected_cb=reconnected,
        error_cb=failed,
        logger=None,
    )
    try:
        nc = await asyncio.wait_for(broker.connect(), settings.connect_timeout_s)
    except (TimeoutError, OSError) as unreachable:
        await broker.stop()
        raise ServerUnavailable(
            f"No NATS server answered within {settings.connect_timeout_s:.0f} s. Is TG_NATS__URL right, and is the server up?"
        ) from unreachable
    try:
        yield Connection(broker, nc, lost)
    finally:
        closing.set()
        await _close(broker, nc)


async def _close(broker: NatsBroker, nc: Client) -> None:
    """Let what is under way be sent and received, if there is a server; and close in any case."""
    try:
        await asyncio.wait_for(broker.stop(), DRAIN_WITHIN)
    except (NatsError, TimeoutError) as away:
        log.warning("The connection to NATS is closed as it is.", action="nats_not_drained", error=repr(away))
    if not nc.is_closed:
        with contextlib.suppress(OSError):  # nats-py flushes what it still holds, even into a connection that is gone
            await nc.close()
