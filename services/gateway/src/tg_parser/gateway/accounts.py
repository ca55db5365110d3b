"""Telegram accounts as a person wants to see them: how each stands, and the pauses Telegram has asked it for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.sources import AccountStateChanged, FloodWaited
from tg_parser.contracts.subjects import fact_filter

STATE: Final = text(
    "INSERT INTO gateway.account (account, state, reason, at) VALUES (:account, :state, :reason, :at) "
    "ON CONFLICT (account) DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at"
)
PAUSE: Final = text(
    "INSERT INTO gateway.pause AS known (account, method, until) VALUES (:account, :method, :until) "
    "ON CONFLICT (account, method) DO UPDATE SET until = greatest(known.until, excluded.until)"
)
ALL: Final = text("SELECT account, state, reason, at FROM gateway.account ORDER BY account LIMIT :limit")
PAUSES: Final = text("SELECT account, method, until FROM gateway.pause WHERE until > :now ORDER BY account, method")
MOST: Final = 1000


class Pause(BaseModel):
    """Something an account may not ask Telegram before `until`."""

    method: str
    until: datetime


class AccountStatus(BaseModel):
    """An account: how it stands since when, in a sentence why, and what it has to wait for."""

    name: str
    state: Literal["signed_in", "needs_login", "banned"]
    reason: str = Field(description="a sentence, if there is something to say")
    at: datetime
    pauses: list[Pause] = []


class AccountsProjection:
    """See `Projection`. Few facts: each is a statement of its own."""

    name = "gateway.accounts"
    filters = (fact_filter(AccountStateChanged), fact_filter(FloodWaited))
    tables = ("gateway.account", "gateway.pause")

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`."""
        for entry in batch:
            match entry.message:
                case AccountStateChanged() as told:
                    row = {"account": told.account, "state": told.state, "reason": told.reason, "at": told.at}
                    await connection.execute(STATE, row)
                case FloodWaited() as flood:
                    until = flood.at + timedelta(seconds=flood.seconds)
                    await connection.execute(PAUSE, {"account": flood.account, "method": flood.method, "until": until})
                case _:
                    continue


@dataclass(frozen=True, slots=True)
class Accounts:
    """What is known of accounts. `current` returns when the tables hold all that was told."""

    chassis: Chassis
    current: Callable[[], Awaitable[object]]

    async def list(self) -> list[AccountStatus]:
        """All of them, by name, each with the pauses that are not over."""
        await self.current()
        async with self.chassis.require_database().engine.connect() as connection:
            accounts = (await connection.execute(ALL, {"limit": MOST})).all()
            pauses: dict[str, list[Pause]] = {}
            for row in await connection.execute(PAUSES, {"now": self.chassis.clock()}):
                pauses.setdefault(row.account, []).append(Pause(method=row.method, until=row.until))
        return [
            AccountStatus(
                name=row.account, state=row.state, reason=row.reason, at=row.at, pauses=pauses.get(row.account, [])
            )
            for row in accounts
        ]
