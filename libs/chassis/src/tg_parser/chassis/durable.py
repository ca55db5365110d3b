"""A durable consumer, read one message at a time by all replicas of a service together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.database import DATABASE_ERRORS
from tg_parser.chassis.errors import ChassisError, Postponed, TransientError
from tg_parser.chassis.pull import PullRequests
from tg_parser.chassis.recorded import Recorded, recorded

log = structlog.get_logger(__name__)

AHEAD: Final = 8  # messages in hand: each is done within a fraction of the consumer's ack wait
LATER: Final = 5.0  # seconds until a message that met a fault is delivered again
TIMEOUT: Final = 20.0  # seconds one message may take, below the durable's ack wait


class DurableReader:
    """Hands each message of a durable to `handle`, acknowledges what is done and hands back what is not, for ever.

    `ahead`: messages in hand, the one being handled included; all of them within the durable's ack wait. `timeout`: seconds
    for one message, after which it is handed back.
    """

    def __init__(
        self,
        nc: Client,
        stream: str,
        durable: str,
        handle: Callable[[Recorded], Awaitable[None]],
        *,
        ahead: int = AHEAD,
        timeout: float = TIMEOUT,
    ) -> None:
        self._nc = nc
        self._durable = durable
        self._handle = handle
        self._ahead, self._timeout = ahead, timeout
        self._queue: asyncio.Queue[Msg] = asyncio.Queue()
        self._pulls = PullRequests(nc, stream, durable, self._queue.put)

    @property
    def alive(self) -> bool:
        """Whether messages would really arrive."""
        return self._pulls.alive

    async def run(self) -> None:
        """Read for ever; a supervised task."""
        await self._pulls.start()
        try:
            await self._pulls.want(self._ahead)
            while not asked_to_stop():
                message = await self._queue.get()
                await self._nc.publish(message.reply, await self._settled(message))
                await self._pulls.want(1)
        finally:
            await self._pulls.stop()

    async def _settled(self, message: Msg) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                await self._handle(recorded(message))
        except Postponed as error:
            log.info("A message has to wait.", action="durable_postponed", durable=self._durable, reason=str(error))
            return _later(error.retry_in)
        except TransientError as error:
            log.warning("A message is handed back.", action="durable_retry", durable=self._durable, error=str(error))
            return _later(error.retry_in)
        except (*DATABASE_ERRORS, ChassisError, NatsError, TimeoutError) as error:
            log.warning(
                "A message is handed back.", action="durable_retry", durable=self._durable, error=str(error)[:300]
            )
            return _later(LATER)
        except ValueError as error:
            log.error(
                "A message cannot be read.", action="durable_poison", durable=self._durable, error=str(error)[:300]
            )
            return b"+TERM unreadable"
        return b"+ACK"


def _later(seconds: float) -> bytes:
    return b'-NAK {"delay": %d}' % int(seconds * 1e9)
