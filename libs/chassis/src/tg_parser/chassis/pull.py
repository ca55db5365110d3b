"""Pulling from a JetStream consumer by callback: no wait per message, no more in hand than asked for.

`fetch()` costs four times the CPU and lets a batch wait for its slowest message. Here a standing inbox receives, and
`want(n)` asks for exactly as many messages as there is room for. The server's own notices are told apart: a consumer
that is gone or a silent server is not mistaken for an empty queue.

A delivery carries the subject it was published on, so nothing tells which request it answers: only totals are kept, and
the server says how much of a request is left when it ends it (`Nats-Pending-Messages`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from tg_parser.chassis.cancelling import cancelled

log = structlog.get_logger(__name__)

EXPIRES = 30.0  # seconds one request stays open at the server
HEARTBEAT = 5.0  # seconds between signs of life of an idle server
LOOK_EVERY = 1.0  # seconds between looks at whether the server still knows what was asked for
DRAIN_WITHIN = 2.0  # seconds for what is already on its way when listening ends
NANOSECONDS = 1_000_000_000
GONE = ("consumer deleted", "consumer not found", "stream deleted")


class PullRequests:
    """Open requests against one consumer.

    `alive` is False as soon as the consumer was deleted or the server has been silent for two heartbeats: readiness asks
    it. `on_gone` is called when the consumer no longer exists. What the server refuses or forgets stays wanted and is
    asked for again at the next look, so that a durable consumer which is provisioned again is served again.
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
        self._epoch = 0
        self._wanted = 0  # messages the owner has room for
        self._asked = 0  # of these, what a request that the server has not ended yet stands for
        self._last_sign = time.monotonic()
        self._reconnects = self._times_reconnected()
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Nothing is asked for yet."""
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._received)
        self._last_sign = time.monotonic()
        self._watch = asyncio.create_task(self._watch_over(), name=f"pull-watch {self._name}")

    async def stop(self, *, drain: bool = False) -> None:
        """Stop listening. With `drain`, what the server has already sent is still received before this returns."""
        if self._subscription and not self._nc.is_closed:
            with contextlib.suppress(NatsError, TimeoutError):
                if drain and self._nc.is_connected:
                    await asyncio.wait_for(self._subscription.drain(), DRAIN_WITHIN)
                else:
                    await self._subscription.unsubscribe()
        if self._watch:
            await cancelled([self._watch])

    @property
    def alive(self) -> bool:
        """Whether the consumer exists and its server has given a sign of life lately."""
        watched = self._watch is not None and not self._watch.done()
        return watched and not self._gone and self._nc.is_connected and not self._silent

    @property
    def outstanding(self) -> int:
        """Messages asked for that have not come yet."""
        return self._wanted

    async def want(self, count: int) -> None:
        """Ask for `count` more messages."""
        if count <= 0:
            return
        self._wanted += count
        if not self._gone:
            await self._ask(count)

    async def _ask(self, count: int) -> None:
        if not self._asked:  # nobody gives signs of life to a client that has asked for nothing
            self._last_sign = time.monotonic()
        self._asked += count
        request = {
            "batch": count,
            "expires": int(self._expires * NANOSECONDS),
            "idle_heartbeat": int(self._heartbeat * NANOSECONDS),
        }
        try:
            reply = f"{self._inbox}.{self._epoch}-{count}"
            await self._nc.publish(self._subject, json.dumps(request).encode(), reply=reply)
        except NatsError as error:
            self._asked = max(0, self._asked - count)
            log.debug("A pull request could not be sent.", action="pull_failed", consumer=self._name, error=str(error))

    async def _received(self, message: Msg) -> None:
        self._last_sign = time.monotonic()
        if message.reply and message.reply.startswith("$JS.ACK"):
            self._gone = False
            self._wanted, self._asked = max(0, self._wanted - 1), max(0, self._asked - 1)
            await self._on_message(message)
        elif message.headers is not None:
            await self._notice(message.subject.rsplit(".", 1)[-1], message.headers)

    async def _notice(self, token: str, headers: dict[str, str]) -> None:
        status, text = headers.get("Status", ""), headers.get("Description", "").lower()
        if status == "100":
            self._gone = False
            return
        if any(gone in text for gone in GONE) or status == "503":
            self._lost(text or "no responders")
            return  # what was asked for stays wanted; the watch asks again
        epoch, _, count = token.partition("-")
        if int(epoch) != self._epoch:
            return
        left = int(headers.get("Nats-Pending-Messages", count))
        self._asked = max(0, self._asked - left)
        if status == "408":  # expired: the server has nothing, and that is all. Other ends are left to the watch.
            await self._ask_for_missing()

    def _lost(self, reason: str) -> None:
        self._forget_requests()
        if self._gone:
            return
        self._gone = True
        log.error("A consumer is gone.", action="consumer_gone", consumer=self._name, reason=reason)
        if self._on_gone:
            self._on_gone()

    async def _watch_over(self) -> None:
        """Ask again for what the server has refused, or forgotten as it does when it restarts; never faster than a look."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self._nc.is_connected:
                continue
            reconnects = self._times_reconnected()
            if reconnects != self._reconnects or self._silent:
                self._reconnects = reconnects
                self._forget_requests()
            elif self._asked:  # a consumer that is gone refuses at once: what has stood since the last look is served
                self._gone = False
            await self._ask_for_missing()

    async def _ask_for_missing(self) -> None:
        if self._wanted > self._asked:
            await self._ask(self._wanted - self._asked)

    def _forget_requests(self) -> None:
        self._epoch += 1
        self._asked = 0

    @property
    def _silent(self) -> bool:
        return self._asked > 0 and time.monotonic() - self._last_sign > 2 * self._heartbeat + 1

    def _times_reconnected(self) -> int:
        return int(self._nc.stats["reconnects"])
