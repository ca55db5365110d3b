"""The accounts as production opens them, but that their leases and states are kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.accounts.client import Hear, connection
from tg_parser.ingestor.adapters.telethon.accounts.lease import Lease, Terms
from tg_parser.ingestor.adapters.telethon.accounts.line import Line, Patience
from tg_parser.ingestor.adapters.telethon.accounts.sealing import SessionKey
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, SessionFolder
from tg_parser.ingestor.adapters.telethon.accounts.states import AccountState
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import Account, DataCentre
from tg_parser.testkit.moving_clock import MovingClock

NAME = "reader"
PATIENT = Patience(connect=60, request=60)
IMPATIENT = Patience(connect=60, request=1)
"""For those who wait for an answer that never comes."""


@dataclass
class States:
    """How accounts stand."""

    states: dict[str, AccountState] = field(default_factory=dict[str, AccountState])

    async def of(self, account: str) -> AccountState | None:
        return self.states.get(account)

    async def keep(self, state: AccountState) -> None:
        self.states[state.account] = state


@dataclass
class Leases:
    """Nobody else wants a session; who has one is written down."""

    held: list[str] = field(default_factory=list[str])

    async def take(self, session: str, account: str) -> Lease:
        assert session not in self.held, "A session is used twice at once."
        self.held.append(session)
        return Lease(session, account, 1, Terms(), clock=lambda: 0.0, confirmed=0.0)

    async def give_back(self, lease: Lease) -> None:
        self.held.remove(lease.session)


@dataclass
class Keeper:
    """What outlives a process: sessions on the disk, how accounts stand, what the limiter learnt."""

    folder: SessionFolder
    time: MovingClock
    states: States = field(default_factory=States)
    leases: Leases = field(default_factory=Leases)
    patience: Patience = PATIENT
    limiter: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self.limiter = Limiter(clock=self.time.clock, sleep=self.time.sleep)

    def sign_in(self, centre: DataCentre, account: Account, name: str = NAME) -> None:
        """Leave a session as signing in does."""
        secret = SecretStr(centre.session_for(account))
        session = Session(account=name, user_id=account.id, api_id=1, api_hash=SecretStr("hash"), secret=secret)
        self.folder.write(session)

    @asynccontextmanager
    async def process(self, hear: Hear | None = None) -> AsyncIterator[Accounts]:
        """The accounts of one process; `hear` is told of their updates. At its end no session is held."""
        settings = AccountSettings(connection_retries=1, retry_delay_s=0, request_retries=1)

        def line(session: Session, closed: Any) -> Line:
            make = partial(connection, settings, session, self.limiter, hear)
            now = asyncio.get_running_loop().time
            return Line(session, make, self.leases, self.limiter, self.patience, closed, now)

        async def kept() -> None:
            self.limiter.restore(self.limiter.standings())

        accounts = Accounts(self.folder, self.states, line, kept, self.time.clock)
        try:
            yield accounts
        finally:
            await accounts.close()
            assert self.leases.held == []


def keeper(path: Path, time: MovingClock) -> Keeper:
    """A place for sessions at `path`."""
    key = SessionKey(SecretStr(Fernet.generate_key().decode()), None)
    return Keeper(SessionFolder(path, key), time)
