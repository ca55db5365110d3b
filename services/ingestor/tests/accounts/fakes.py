"""Lines without a network: a client that answers from a list, leases in memory, a clock that stands still."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from telethon.tl import functions, types

from tg_parser.chassis.errors import Postponed
from tg_parser.ingestor.adapters.telethon.accounts.lease import Lease, Terms
from tg_parser.ingestor.adapters.telethon.accounts.line import Line, Patience
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceRefused

Answer = Any  # what a call gives; an exception is raised; a future is waited for


def session(account: str = "main", secret: str = "secret") -> Session:
    return Session(account=account, user_id=700, api_id=1, api_hash=SecretStr("hash"), secret=SecretStr(secret))


@dataclass(eq=False)
class FakeClient:
    """Answers in turn. `me`: what it says about whose session it is."""

    answers: list[Answer] = field(default_factory=list[Answer])
    me: Answer = field(default_factory=lambda: [types.User(id=700)])
    connecting: Answer = None
    connected: bool = False
    asked: list[Any] = field(default_factory=list[Any])
    end: asyncio.Future[BaseException | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    async def connect(self) -> None:
        await _given(self.connecting)
        self.connected = True

    async def disconnect(self) -> None:
        self.connected = False

    async def __call__(self, request: Any) -> Any:
        if isinstance(request, functions.users.GetUsersRequest):
            return await _given(self.me)
        self.asked.append(request)
        return await _given(self.answers.pop(0))

    async def ended(self) -> BaseException | None:
        return await asyncio.shield(self.end)


async def _given(answer: Answer) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return await answer if isinstance(answer, asyncio.Future) else answer


@dataclass
class FakeLeases:
    """Leases of one process. `owner`: somebody else who has everything."""

    owner: str = ""
    held: dict[str, Lease] = field(default_factory=dict[str, Lease])
    events: list[str] = field(default_factory=list[str])
    time: float = 0.0

    async def take(self, session: str, account: str) -> Lease:
        if self.owner:
            raise Postponed(f"The account {account} is in use by {self.owner}.", retry_in=30)
        self.events.append("taken")
        lease = Lease(session, account, 1, Terms(), lambda: self.time, self.time)
        self.held[session] = lease
        return lease

    async def give_back(self, lease: Lease) -> None:
        if self.held.pop(lease.session, None):
            self.events.append("given back")


def patient() -> Limiter:
    """A limiter whose sleepers move the clock instead of waiting."""
    moment = [datetime(2026, 3, 1, tzinfo=UTC)]

    async def sleep(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    return Limiter(clock=lambda: moment[0], sleep=sleep)


@dataclass
class Bench:
    """One line, and what it is made of. `clients`: the connections it makes, in order."""

    clients: list[FakeClient] = field(default_factory=list[FakeClient])
    leases: FakeLeases = field(default_factory=FakeLeases)
    limiter: Limiter = field(default_factory=patient)
    ended: list[SourceRefused] = field(default_factory=list[SourceRefused])
    made: int = 0
    now: float = 0.0
    request: float = 5.0

    def line(self) -> Line:
        def make() -> FakeClient:
            self.made += 1
            return self.clients[self.made - 1]

        async def ended(refusal: SourceRefused) -> None:
            self.ended.append(refusal)

        return Line(session(), make, self.leases, self.limiter, Patience(5.0, self.request), ended, lambda: self.now)
