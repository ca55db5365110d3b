"""`Callers` over the sessions in a folder: each account's line is opened by the first who needs it, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from tg_parser.chassis.clock import Clock
from tg_parser.contracts.messages import RefusalCause
from tg_parser.ingestor.adapters.telethon.accounts.caller import AccountCaller, Kept
from tg_parser.ingestor.adapters.telethon.accounts.line import Line
from tg_parser.ingestor.adapters.telethon.accounts.sessions import NOBODY, Session, SessionFolder, UnknownAccount
from tg_parser.ingestor.adapters.telethon.accounts.states import AccountState, State
from tg_parser.ingestor.ports import SourceRefused


class StatesOfAccounts(Protocol):
    """How accounts were found to stand. Raises TransientError while that cannot be known."""

    async def of(self, account: str) -> AccountState | None:
        """The newest state."""
        ...

    async def keep(self, state: AccountState) -> None:
        """Remember a state, and let others know."""
        ...


@dataclass(slots=True)
class Accounts:
    """The accounts that are signed in. `line`: makes one, not open yet; `kept`: keeps what the limiter learnt.

    A session that Telegram has ended is remembered by its fingerprint: it is not connected with again, in this process or the
    next, until another session takes its place.
    """

    folder: SessionFolder
    states: StatesOfAccounts
    line: Callable[[Session, Callable[[SourceRefused], Awaitable[None]]], Line]
    kept: Kept
    clock: Clock
    _lines: dict[str, Line] = field(default_factory=dict[str, Line])
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, account: str) -> AccountCaller:
        """See the port."""
        line = await self._line(await self.name_of(account))
        await line.opened()
        await self._signed_in(line.session)
        return AccountCaller(line, self.kept)

    async def listening(self, account: str) -> int:
        """Have an account's line open; how often it has been opened. Raises what `of` raises, and SourceParked."""
        return (await self.of(account)).line.openings

    async def name_of(self, account: str) -> str:
        """The account that is meant: the only one there is if none is named. Raises SourceRefused."""
        if account:
            return account
        names = await asyncio.to_thread(self.folder.names)
        if not names:
            raise SourceRefused(NOBODY, "needs_login")
        if len(names) > 1:
            raise SourceRefused(f"Several accounts are signed in ({', '.join(names)}): say which one is to read.")
        return names[0]

    async def close(self) -> None:
        """Disconnect all of them."""
        async with self._turn:
            lines, self._lines = self._lines, {}
            await asyncio.gather(*(line.close() for line in lines.values()))

    async def _line(self, account: str) -> Line:
        """The line with the session that lies there now. Raises SourceRefused."""
        async with self._turn:
            try:
                session = await asyncio.to_thread(self.folder.read, account)
            except UnknownAccount as unknown:
                await self._drop(account)
                raise SourceRefused(str(unknown), "needs_login") from unknown
            known = self._lines.get(account)
            if known and known.session.fingerprint == session.fingerprint:
                return known
            await self._drop(account)
            await self._refuse_ended(session)
            made = self._lines[account] = self.line(session, lambda refusal: self._ended(session, refusal))
            return made

    async def _drop(self, account: str) -> None:
        line = self._lines.pop(account, None)
        if line:
            await line.close()

    async def _refuse_ended(self, session: Session) -> None:
        state = await self.states.of(session.account)
        if state and state.session == session.fingerprint and state.state != "signed_in":
            raise SourceRefused(state.reason, _cause(state.state))

    async def _signed_in(self, session: Session) -> None:
        state = await self.states.of(session.account)
        if state is None or state.session != session.fingerprint:
            await self._keep(session, "signed_in", "")

    async def _ended(self, session: Session, refusal: SourceRefused) -> None:
        await self._keep(session, "banned" if refusal.cause == "banned" else "needs_login", str(refusal))

    async def _keep(self, session: Session, state: State, reason: str) -> None:
        await self.states.keep(AccountState(session.account, session.fingerprint, state, reason, self.clock()))


def _cause(state: State) -> RefusalCause:
    return "banned" if state == "banned" else "needs_login"
