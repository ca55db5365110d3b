"""Reading a stream in order from a position: for projections, rebuilds and replays.

The consumer is ephemeral and holds no position: the reader's owner keeps that beside what it derived, in one
transaction. A gap or a lost consumer is healed by starting again after the last message seen.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from tg_parser.chassis.pull import PullRequests
from tg_parser.chassis.recorded import Recorded, delivery

log = structlog.get_logger(__name__)

BUFFER = 2000  # messages in hand at most: bounds memory while the reader's owner is busy
LINGER = 0.05  # seconds a batch waits for the next message: a transaction costs as much for one row as for fifty
LONGEST = 0.25  # seconds a batch waits altogether: while messages keep coming, they are handed on four times a second
HEAVIEST = 1 << 20  # bytes of bodies after which a batch is full: opened, they take ten times as much
INACTIVE = 60.0  # seconds after which the server forgets a reader that went away
RETRY = 0.5  # seconds between attempts to get a consumer from a server that is not ready


class OrderedReader:
    """Messages of `stream` that match any of `filters`, after `after_seq`, in order, each once. An async context manager."""

    def __init__(
        self, nc: Client, stream: str, filters: Sequence[str], *, after_seq: int = 0, buffer: int = BUFFER
    ) -> None:
        self._js: JetStreamContext = nc.jetstream()
        self._nc = nc
        self._stream = stream
        self._filters = list(filters)
        self._last = after_seq
        self._buffer = buffer
        self._queue: deque[Recorded] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._pending = 1
        self._expected = 1
        self._pulls: PullRequests | None = None
        self._consumer = ""
        self._broken = True
        self._epoch = 0

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def alive(self) -> bool:
        """Whether the server is really serving this reader."""
        return self._pulls is not None and self._pulls.alive and not self._broken

    async def batches(self, size: int) -> AsyncIterator[list[Recorded]]:
        """Batches of at most `size`, until `end`. A lone message is handed on soon, and a stream of them in few batches.

        What comes within LINGER of the message before it belongs to the same batch, for at most LONGEST, until its bodies
        are of HEAVIEST bytes.
        """
        clock = asyncio.get_running_loop().time
        while (first := await self._next()) is not None:
            batch, weight = [first], len(first.body)
            end = clock() + LONGEST
            while len(batch) < size and weight < HEAVIEST and await self._more(min(end, clock() + LINGER)):
                batch.append(self._queue.popleft())
                weight += len(batch[-1].body)
            yield batch
            await self._refill()

    def end(self) -> None:
        """Yield nothing more: what is in hand is not wanted any longer."""
        self._ended = True
        self._wake.set()

    @property
    def backlog(self) -> int:
        """Matching messages not yet yielded, as of the last one received."""
        return self._pending + len(self._queue)

    async def _next(self) -> Recorded | None:
        while not self._ended:
            if self._queue:
                return self._queue.popleft()
            if self._broken:
                await self._reopen()
                continue
            self._wake.clear()
            await self._wake.wait()
        return None

    async def _more(self, deadline: float) -> bool:
        """Whether another message is at hand, waiting for one until `deadline`."""
        while not self._queue and not self._broken:
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                return False
            await asyncio.sleep(min(remaining, LINGER / 5 if self._pending else LINGER))
        return bool(self._queue)

    def _break(self) -> None:
        self._broken = True
        self._wake.set()

    async def _refill(self) -> None:
        if self._pulls and not self._broken:
            room = self._buffer - len(self._queue) - self._pulls.outstanding
            if room >= self._buffer // 2:
                await self._pulls.want(room)

    async def _open(self) -> None:
        self._epoch += 1
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._last + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=self._filters,
            inactive_threshold=INACTIVE,
            mem_storage=True,
            num_replicas=1,
            max_deliver=1,
        )
        info = await self._js.add_consumer(self._stream, config=config)
        self._consumer = info.name
        self._pending, self._expected = int(info.num_pending or 0), 1
        epoch = self._epoch
        self._broken = False
        self._pulls = PullRequests(
            self._nc, self._stream, info.name, lambda message: self._received(epoch, message), on_gone=self._break
        )
        await self._pulls.start()
        await self._pulls.want(self._buffer)

    async def _close(self) -> None:
        pulls, self._pulls = self._pulls, None
        if pulls:
            await pulls.stop()
        if self._consumer and self._nc.is_connected:
            try:
                await self._js.delete_consumer(self._stream, self._consumer)
            except NatsError:
                log.debug("A reader's consumer was gone already.", action="reader_closed", stream=self._stream)

    async def _reopen(self) -> None:
        log.warning(
            "A reader starts again after a gap.", action="reader_reopened", stream=self._stream, after=self._last
        )
        await self._close()
        while True:
            try:
                await self._open()
            except (NatsError, TimeoutError) as error:
                log.warning(
                    "A reader cannot start yet.", action="reader_waiting", stream=self._stream, error=str(error)
                )
                await asyncio.sleep(RETRY)
            else:
                return

    async def _received(self, epoch: int, message: Msg) -> None:
        told = delivery(message)
        if epoch != self._epoch or told.stream_seq <= self._last:
            return
        if told.consumer_seq != self._expected:
            self._break()
            return
        self._expected += 1
        self._last = told.stream_seq
        self._pending = told.pending
        self._queue.append(Recorded(told.stream_seq, message.subject, message.headers or {}, message.data))
        self._wake.set()
