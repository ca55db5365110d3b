"""`Caller` over a line: one call, from its turn to its answer, with every error as the ingestor knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telethon import errors
from telethon.tl import TLRequest

from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.adapters.telethon.accounts.endings import TROUBLE
from tg_parser.ingestor.adapters.telethon.accounts.line import Line
from tg_parser.ingestor.adapters.telethon.errors import FLOODS, Flooded, flood_seconds, translated
from tg_parser.ingestor.budgets import Method

Kept = Callable[[], Awaitable[None]]
"""Keeps what the limiter has learnt."""


@dataclass(frozen=True, slots=True)
class AccountCaller:
    """`Caller` over a line."""

    line: Line
    kept: Kept

    @property
    def account(self) -> str:
        """See the port."""
        return self.line.account

    async def __call__(self, request: TLRequest, method: Method, what: str) -> Any:
        """See the port."""
        await self.line.limiter.turn(method, self.account)
        try:
            return await self.line.ask(request)
        except FLOODS as flood:
            seconds = flood_seconds(flood)
            self.line.limiter.flooded(method, self.account, seconds)
            await self.kept()
            raise Flooded(method, seconds, self.account) from flood
        except errors.TypeNotFoundError:
            raise
        except TimeoutError as late:
            raise TransientError(f"Telegram does not answer ({method} for {what}).", retry_in=5) from late
        except TROUBLE as error:
            await self.line.failed(error)
            raise translated(error, method=method, account=self.account, what=what) from error
