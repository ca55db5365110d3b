"""Reading with accounts, put together at the first account there is: Telethon takes a second to load, and most have no account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.accounts.sessions import NOBODY
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import MessageSource, SourceRefused, Start

PARSER_VERSION: Final = "telethon/1"
"""Which rules turn Telegram's objects into messages."""
LOOK_EVERY: Final = 15.0  # seconds between two looks for a first account


class AccountReading(Protocol):
    """What is put together: a source, and hints of what is new in it."""

    @property
    def source(self) -> MessageSource:
        """Histories, read with accounts."""
        ...

    async def changed(self) -> None:
        """What is followed may have changed."""
        ...

    async def listen(self) -> None:
        """Have accounts listen for ever, and tell the hints."""
        ...


@dataclass(slots=True)
class AccountsOnDemand:
    """`MessageSource` over the accounts that are signed in; nothing is loaded as long as nobody is.

    `signed_in` names them, and blocks; `opening` loads what is needed and puts it together.
    """

    signed_in: Callable[[], Sequence[str]]
    opening: Callable[[], AbstractAsyncContextManager[AccountReading]]
    _reading: AccountReading | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Begins at once where somebody is signed in already: a setting that cannot be used is then said at the start."""
        await self._at_hand()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects everybody."""
        await self._opened.aclose()

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    async def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """See the port."""
        reading = await self._at_hand()
        if reading is None:
            raise SourceRefused(NOBODY, "needs_login")
        async with aclosing(reading.source.pages(spec, start, page_size=page_size)) as pages:
            async for page in pages:
                yield page

    async def changed(self, batch: object = None) -> None:
        """What is followed may have changed."""
        del batch
        if self._reading:
            await self._reading.changed()

    async def listen(self) -> None:
        """Listen from the first account on; a supervised task."""
        while not asked_to_stop():
            reading = await self._at_hand()
            if reading:
                await reading.listen()
            await asyncio.sleep(LOOK_EVERY)

    async def _at_hand(self) -> AccountReading | None:
        async with self._turn:
            if self._reading is None and await asyncio.to_thread(self.signed_in):
                self._reading = await self._opened.enter_async_context(self.opening())
            return self._reading
