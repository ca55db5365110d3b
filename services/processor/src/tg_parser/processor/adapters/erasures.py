"""`Erasures` from the log: read from its beginning at every start, by every replica for itself. They are few."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.reader import OrderedReader
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType
from tg_parser.contracts.erasure import ErasureRequested
from tg_parser.contracts.subjects import FACTS, fact_filter

log = structlog.get_logger(__name__)

BATCH: Final = 100  # requests in one go
RETRY: Final = 1.0  # seconds between attempts while a server is away


class HeardErasures:
    """Hears every request, and has `forget` drop what was kept of the messages; again at every start, so that none is missed."""

    def __init__(self, nc: Client, forget: Callable[[Collection[str]], Awaitable[None]]) -> None:
        self._nc = nc
        self._forget = forget
        self._refs: set[str] = set()
        self._after = 0
        self._current = asyncio.Event()
        self._reader: OrderedReader | None = None

    @property
    def alive(self) -> bool:
        """Whether all requests so far are known, and further ones would really arrive."""
        return self._current.is_set() and self._reader is not None and self._reader.alive

    async def erased(self, source_ref: str) -> bool:
        """See the port."""
        await self._current.wait()
        return source_ref in self._refs

    async def run(self) -> None:
        """Hear for ever; a supervised task."""
        while True:
            try:
                await self._follow()
            except (NatsError, TransientError, TimeoutError) as error:
                log.warning("Erasures are heard from again.", action="erasures_retry", error=str(error)[:300])
                await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        async with OrderedReader(
            self._nc, FACTS, [fact_filter(ErasureRequested)], after_seq=self._after
        ) as self._reader:
            if not self._reader.backlog:
                self._current.set()
            async for batch in self._reader.batches(BATCH):
                await self._hear(batch)
                if not self._reader.backlog:
                    self._current.set()

    async def _hear(self, batch: Sequence[Recorded]) -> None:
        refs = {ref for entry in batch for ref in _named(entry)}
        self._refs |= refs
        await self._forget(refs)
        self._after = batch[-1].seq


def _named(entry: Recorded) -> Sequence[str]:
    try:
        told = entry.message
    except (UnknownMessageType, MalformedMessage) as unreadable:
        log.error(
            "A request to erase cannot be read.", action="erasure_poison", seq=entry.seq, error=str(unreadable)[:300]
        )
        return ()
    return told.source_refs if isinstance(told, ErasureRequested) else ()
