"""Pulling from a JetStream consumer by callback: no wait per message, no more in hand than asked for.

`fetch()` costs four times the CPU and lets a batch wait for its slowest message. Here a standing inbox receives, and
`want(n)` asks for exactly as many messages as there is room for. The server's own notices are told apart: a consumer
that is gone or a silent server is not mistaken for an empty queue.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

log = structlog.get_logger(__name__)

EXPIRES = 30.0  # seconds one request stays open at the server
HEARTBEAT = 5.0  # seconds between signs of life of an idle server
NANOSECONDS = 1_000_000_000
GONE = ("consumer deleted", "consumer not found", "stream deleted")


class PullRequests:
    """Open requests against one consumer.

    `alive` is False as soon as the consumer was deleted or the server has been silent for two heartbeats: readiness asks
    it. `on_gone` is called when the consumer no longer exists; the requests are repeated at every heartbeat, so that a
    durable consumer which is provisioned again is served again.
    """

    def __init__(
        self,
        nc: Client,
        stream: str,
        consumer: str,
        on_message: Callable[[Msg], Awaitable[None]],
        *,
        on_gone: Callable[[], None] | None = None,
        heartbeat: float = HEARTBEAT,
        expires: float = EXPIRES,
    ) -> None:
        self._nc = nc
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._name = f"{stream}/{consumer}"
        self._on_message = on_message
        self._on_gone = on_gone
        self._heartbeat = heartbeat
        self._expires = expires
        self._inbox = nc.new_inbox()
        self._subscription: Subscription | None = None
        self._request = 0
        self._open: dict[str, int] = {}
        self._last_sign = time.monotonic()
        self._gone = False
        self._wanted = 0
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Nothing is asked for yet."""
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._received)
        self._last_sign = time.monotonic()
        self._watch = asyncio.create_task(self._watch_over(), name=f"pull-watch {self._name}")

    async def stop(self) -> None:
        """Stop listening: what the server sends from now on goes back to it after its ack wait."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._subscription and not self._nc.is_closed:
            await self._subscription.unsubscribe()

    @property
    def alive(self) -> bool:
        """Whether the consumer exists and its server has given a sign of life lately."""
        return not self._gone and self._nc.is_connected and time.monotonic() - self._last_sign < 2 * self._heartbeat + 1

    @property
    def outstanding(self) -> int:
        """Messages asked for that have not come yet."""
        return self._wanted

    async def want(self, count: int) -> None:
        """Ask for `count` more messages."""
        if count <= 0:
            return
        self._request += 1
        token = str(self._request)
        self._open[token] = count
        self._wanted += count
        await self._ask(token, count)

    async def _ask(self, token: str, count: int) -> None:
        request = {
            "batch": count,
            "expires": int(self._expires * NANOSECONDS),
            "idle_heartbeat": int(self._heartbeat * NANOSECONDS),
        }
        try:
            await self._nc.publish(self._subject, json.dumps(request).encode(), reply=f"{self._inbox}.{token}")
        except NatsError as error:
            log.debug("A pull request could not be sent.", action="pull_failed", consumer=self._name, error=str(error))

    async def _received(self, message: Msg) -> None:
        self._last_sign = time.monotonic()
        if message.reply and message.reply.startswith("$JS.ACK"):
            self._gone = False
            self._count_down(message.subject.rsplit(".", 1)[-1])
            await self._on_message(message)
        elif message.headers is not None:
            await self._notice(message.subject.rsplit(".", 1)[-1], message.headers)

    def _count_down(self, token: str) -> None:
        left = self._open.get(token)
        if left is None:
            return
        self._wanted -= 1
        if left > 1:
            self._open[token] = left - 1
        else:
            del self._open[token]

    async def _notice(self, token: str, headers: dict[str, str]) -> None:
        status, text = headers.get("Status", ""), headers.get("Description", "").lower()
        if status == "100":
            self._gone = False
            return
        if any(gone in text for gone in GONE) or status == "503":
            self._lost(text or "no responders")
            return  # what was asked for stays wanted; the watch asks again
        left = self._open.pop(token, 0)
        self._wanted -= left
        if left:  # expired, or the server changed its leader: ask for the rest again
            await self.want(left)

    def _lost(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = True
        log.error("A consumer is gone.", action="consumer_gone", consumer=self._name, reason=reason)
        if self._on_gone:
            self._on_gone()

    async def _watch_over(self) -> None:
        """Ask again when the server has forgotten a request, as it does when it restarts."""
        while True:
            await asyncio.sleep(self._heartbeat)
            silent = time.monotonic() - self._last_sign > 2 * self._heartbeat
            if self._wanted and (silent or self._gone) and self._nc.is_connected:
                again, self._open, self._wanted = self._wanted, {}, 0
                await self.want(again)
