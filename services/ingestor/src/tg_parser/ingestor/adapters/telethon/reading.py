"""Everything that reads with accounts, together: lines, histories, and hints of what is new. Loading it loads Telethon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tg_parser.chassis.chassis import Chassis
from tg_parser.ingestor.adapters.followed_projection import FollowedSources
from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.accounts.opening import open_accounts
from tg_parser.ingestor.adapters.telethon.chat_store import StoredChats
from tg_parser.ingestor.adapters.telethon.hints import Hints
from tg_parser.ingestor.adapters.telethon.source import TelegramHistory
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class TelegramReading:
    """`AccountReading`."""

    source: TelegramHistory
    hints: Hints
    accounts: Accounts

    async def changed(self) -> None:
        """See the port."""
        await self.hints.changed()

    async def listen(self) -> None:
        """See the port."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self.hints.run())
            both.create_task(self.hints.listen(self.accounts))


@asynccontextmanager
async def open_reading(
    chassis: Chassis, settings: AccountSettings, limiter: Limiter, kept: Callable[[], Awaitable[None]]
) -> AsyncIterator[TelegramReading]:
    """The accounts' lines are closed at the end. Raises BadConnectionSetting if a setting cannot be used."""
    database = chassis.require_database()
    hints = Hints(FollowedSources(database, "mtproto_history"), chassis.facts, chassis.clock, settings.hints_every_s)
    hears = hints.hears if settings.hints else None
    async with open_accounts(chassis, settings, limiter, kept, hears=hears) as accounts:
        yield TelegramReading(TelegramHistory(accounts, StoredChats(database), chassis.clock), hints, accounts)
