"""How accounts stand, kept over restarts: a session that Telegram has ended is never tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from sqlalchemy import text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import AccountStateChanged

State = Literal["signed_in", "needs_login", "banned"]

FIND: Final = text("SELECT session, state, reason, at FROM ingestor.account WHERE account = :account")
KEEP: Final = text(
    "INSERT INTO ingestor.account (account, session, state, reason, at) VALUES (:account, :session, :state, :reason, :at) "
    "ON CONFLICT (account) DO UPDATE SET session = excluded.session, state = excluded.state, reason = excluded.reason, "
    "at = excluded.at"
)


@dataclass(frozen=True, slots=True)
class AccountState:
    """How an account stands with the session of this fingerprint, since when, and in a sentence why."""

    account: str
    session: str
    state: State
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountStates:
    """The states in the ingestor's tables. Raises TransientError while these are away."""

    database: Database

    async def of(self, account: str) -> AccountState | None:
        """How an account was found to stand last."""
        try:
            async with self.database.begin() as connection:
                row = (await connection.execute(FIND, {"account": account})).one_or_none()
        except DATABASE_ERRORS as error:
            raise _away() from error
        return AccountState(account, row.session, row.state, row.reason, row.at) if row else None

    async def keep(self, state: AccountState) -> None:
        """Remember it."""
        row = {
            "account": state.account,
            "session": state.session,
            "state": state.state,
            "reason": state.reason,
            "at": state.at,
        }
        try:
            async with self.database.begin() as connection:
                await connection.execute(KEEP, row)
        except DATABASE_ERRORS as error:
            raise _away() from error


class Teller(Protocol):
    """Facts about accounts."""

    async def tell(self, fact: Fact) -> int:
        """Stored when this returns; a second time it is the same fact."""
        ...


@dataclass(frozen=True, slots=True)
class ToldStates:
    """States that others hear of as well: told first, so that none is kept that nobody knows of."""

    kept: AccountStates
    facts: Teller

    async def of(self, account: str) -> AccountState | None:
        """How an account was found to stand last."""
        return await self.kept.of(account)

    async def keep(self, state: AccountState) -> None:
        """Tell a state, then remember it. Raises TransientError."""
        await self.facts.tell(
            AccountStateChanged(account=state.account, state=state.state, reason=state.reason[:2000], at=state.at)
        )
        await self.kept.keep(state)


def _away() -> TransientError:
    return TransientError("Postgres does not answer; how an account stands is not known.", retry_in=5)
