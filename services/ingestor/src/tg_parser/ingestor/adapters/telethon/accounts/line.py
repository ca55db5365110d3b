"""One account's connection: opened when it is needed and the session is ours, watched, and closed when it is not any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog
from telethon import errors
from telethon.tl import functions, types

from tg_parser.chassis.cancelling import asked_to_stop, cancelled
from tg_parser.chassis.errors import ChassisError, TransientError
from tg_parser.ingestor.adapters.telethon.accounts.client import Client
from tg_parser.ingestor.adapters.telethon.accounts.endings import GONE, TROUBLE, closed_for_good
from tg_parser.ingestor.adapters.telethon.accounts.lease import Lease
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session
from tg_parser.ingestor.adapters.telethon.errors import FLOODS, flood_seconds, translated
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceParked, SourceRefused

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 1.0  # seconds before a connection that failed is opened again; doubled each time
LONGEST_PAUSE: Final = 300.0

Closed = Callable[[SourceRefused], Awaitable[None]]
"""Told when Telegram has ended the session."""


class Leases(Protocol):
    """Who may use a session; see `SessionLeases`."""

    async def take(self, session: str, account: str) -> Lease:
        """Raises Postponed, TransientError."""
        ...

    async def give_back(self, lease: Lease) -> None:
        """Let others have it."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for opening a connection, and for one answer."""

    connect: float
    request: float


@dataclass(slots=True, eq=False)
class _Open:
    client: Client
    lease: Lease
    watch: asyncio.Task[None] | None = None
    broken: bool = False

    @property
    def usable(self) -> bool:
        return not self.broken and self.lease.held


@dataclass(slots=True, eq=False)
class Line:
    """Asks Telegram with one session. It is opened by the first who asks, and again when it has broken."""

    session: Session
    make: Callable[[], Client]
    leases: Leases
    limiter: Limiter
    patience: Patience
    closed: Closed
    now: Callable[[], float]
    refused: SourceRefused | None = None
    openings: int = 0
    _open: _Open | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failures: int = 0
    _not_before: float = 0.0

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.session.account

    @property
    def is_open(self) -> bool:
        """Whether Telegram could be asked at once."""
        return self._open is not None and self._open.usable

    async def opened(self) -> None:
        """Make sure that it is open.

        Raises SourceRefused if the session is worth nothing; TransientError while another process has it and while Telegram
        cannot be reached; SourceParked.
        """
        await self._client()

    async def ask(self, request: Any) -> Any:
        """Telegram's answer.

        Raises Telethon's own errors; what `opened` raises; TimeoutError; TransientError if the connection ends meanwhile.
        """
        client = await self._client()
        return await self._answer(client, request)

    async def failed(self, error: Exception) -> None:
        """Note an error of Telegram's: one that ends the session closes the line for good."""
        if isinstance(error, GONE) and self.refused is None:
            refusal = translated(error, method="", account=self.account, what=f"the account {self.account}")
            await self._end(
                refusal if isinstance(refusal, SourceRefused) else SourceRefused(str(refusal), "needs_login")
            )

    async def close(self) -> None:
        """Disconnect, then give the session back."""
        async with self._turn:
            await self._shut()

    async def _client(self) -> Client:
        async with self._turn:
            if self.refused:  # another one each time: an exception that is raised again drags its past along
                raise SourceRefused(str(self.refused), self.refused.cause)
            if self._open and self._open.usable:
                return self._open.client
            await self._shut()
            wait = self._not_before - self.now()
            if wait > 0:
                raise TransientError(f"Telegram cannot be reached as {self.account} just now.", retry_in=wait)
            await self.limiter.turn("getSelf", self.account)
            lease = await self.leases.take(self.session.fingerprint, self.account)
            self._open = _Open(self.make(), lease)
            try:
                await self._connect(self._open)
            except BaseException:
                await self._shut()
                raise
            self.openings += 1
            self._open.watch = asyncio.create_task(self._watch(self._open), name=f"telegram: {self.account}")
            return self._open.client

    async def _connect(self, opened: _Open) -> None:
        try:
            async with asyncio.timeout(self.patience.connect):
                await opened.client.connect()
                answer = await self._answer(opened.client, functions.users.GetUsersRequest([types.InputUserSelf()]))
            self._check(answer)
        except SourceRefused as refused:
            await self._refuse(refused)
            raise
        except FLOODS as flood:
            self.limiter.flooded("getSelf", self.account, flood_seconds(flood))
            raise SourceParked("getSelf", flood_seconds(flood), self.account) from flood
        except GONE as gone:
            refusal = translated(gone, method="getSelf", account=self.account, what=f"the account {self.account}")
            if isinstance(refusal, SourceRefused):
                await self._refuse(refusal)
            raise refusal from gone
        except (*TROUBLE, errors.TypeNotFoundError, TransientError) as error:
            self._failures += 1
            pause = min(FIRST_PAUSE * 2 ** (self._failures - 1), LONGEST_PAUSE)
            self._not_before = self.now() + pause
            log.warning(
                "Telegram cannot be reached.", action="connect_failed", account=self.account, error=type(error).__name__
            )
            raise TransientError(
                f"Telegram cannot be reached as {self.account} just now: {type(error).__name__}.", retry_in=pause
            ) from error
        self._failures = 0

    def _check(self, answer: Any) -> None:
        """Whose session it is may not have changed since it was signed in."""
        user = next(iter(answer or ()), None)
        if getattr(user, "id", None) != self.session.user_id:
            raise SourceRefused(
                f"The session of the account {self.account} belongs to another user than the one that was signed in. "
                "Sign in again.",
                "needs_login",
            )

    async def _answer(self, client: Client, request: Any) -> Any:
        """Telethon cancels what is pending when it disconnects by itself; that is not somebody stopping us."""
        try:
            async with asyncio.timeout(self.patience.request):
                return await client(request)
        except asyncio.CancelledError:
            if asked_to_stop():
                raise
            self._broken(client)
            raise TransientError(f"The connection of {self.account} ended while it was in use.", retry_in=1) from None

    def _broken(self, client: Client) -> None:
        if self._open and self._open.client is client:
            self._open.broken = True

    async def _watch(self, opened: _Open) -> None:
        """Until the connection ends by itself, or the right to it does."""
        ended = asyncio.create_task(opened.client.ended(), name=f"telegram: {self.account}: end")
        lost = asyncio.create_task(opened.lease.lost.wait(), name=f"telegram: {self.account}: lease")
        try:
            await asyncio.wait({ended, lost}, return_when=asyncio.FIRST_COMPLETED)
            opened.broken = True
            error = ended.result() if ended.done() else None
            log.warning(
                "A connection to Telegram has ended.", action="connection_ended", account=self.account,
                because="the session is somebody else's" if lost.done() else type(error).__name__,
            )  # fmt: skip
            await closed_for_good(opened.client)
            if isinstance(error, GONE):
                await self._refuse(
                    SourceRefused(str(translated(error, method="", account=self.account, what="")), "needs_login")
                )
            await self.leases.give_back(opened.lease)
        finally:
            await cancelled({ended, lost})

    async def _end(self, refusal: SourceRefused) -> None:
        async with self._turn:
            await self._refuse(refusal)
            await self._shut()

    async def _refuse(self, refusal: SourceRefused) -> None:
        if self.refused is None:
            self.refused = refusal
            log.error("An account has to be signed in again.", action="needs_login", account=self.account)
            try:
                await self.closed(refusal)
            except ChassisError as error:  # this process knows it; the next one will find it out
                log.warning("How an account stands could not be kept.", action="state_lost", error=str(error))

    async def _shut(self) -> None:
        """Disconnect first: only then may somebody else have the session."""
        opened, self._open = self._open, None
        if opened is None:
            return
        if opened.watch and opened.watch is not asyncio.current_task():
            await cancelled([opened.watch])
        await closed_for_good(opened.client)
        await self.leases.give_back(opened.lease)
