"""One owner per session. Two connections of one session at once, and Telegram ends it for ever.

A lease is a Postgres advisory lock, taken before connecting, on a connection that all leases of this process share, and a
row with a generation. The lock keeps others out as long as that connection lives; the row is confirmed every few seconds,
and an owner that could not confirm it in time, or finds a later generation there, has lost it and stops. Whoever takes over
from an owner that did not say good-bye waits until that one is sure to have noticed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import Row, TextClause, text
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import Postponed, TransientError

log = structlog.get_logger(__name__)

AGAIN_IN: Final = 30.0  # seconds until somebody who found a session in use asks again
UNREACHABLE: Final = (*DATABASE_ERRORS, PendingRollbackError, TimeoutError)
"""What a statement raises when Postgres, or the connection with our locks, is away."""

LOCK: Final = text("SELECT pg_try_advisory_lock(hashtextextended('tg_parser session ' || :session, 0)) AS locked")
UNLOCK: Final = text("SELECT pg_advisory_unlock(hashtextextended('tg_parser session ' || :session, 0))")
OWNER: Final = text(
    "SELECT holder, extract(epoch FROM clock_timestamp() - seen_at)::float AS silent "
    "FROM ingestor.session_lease WHERE session = :session"
)
TAKE: Final = text(
    "INSERT INTO ingestor.session_lease AS lease (session, account, holder, generation, seen_at) "
    "VALUES (:session, :account, :holder, 1, clock_timestamp()) ON CONFLICT (session) DO UPDATE SET "
    "account = excluded.account, holder = excluded.holder, generation = lease.generation + 1, seen_at = excluded.seen_at "
    "RETURNING generation"
)
CONFIRM: Final = text(
    "UPDATE ingestor.session_lease SET seen_at = clock_timestamp() "
    "FROM unnest(cast(:sessions as text[]), cast(:generations as bigint[])) AS mine (name, number) "
    "WHERE session = mine.name AND generation = mine.number RETURNING session"
)
LEAVE: Final = text(
    "UPDATE ingestor.session_lease SET holder = '' WHERE session = :session AND generation = :generation"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. `every`: between confirmations; `within`: for one; `valid`: a lease is good for so long after its last one."""

    every: float = 5.0
    within: float = 5.0
    valid: float = 12.0

    @property
    def silence(self) -> float:
        """After so long without a confirmation an owner has certainly stopped."""
        return self.valid + self.within


@dataclass(slots=True, eq=False)
class Lease:
    """The right to use a session. `lost` is set when it ends before it is given back."""

    session: str
    account: str
    generation: int
    terms: Terms
    clock: Callable[[], float]
    confirmed: float
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def held(self) -> bool:
        """Whether the session may be used now."""
        return not self.lost.is_set() and self.clock() < self.confirmed + self.terms.valid


class SessionLeases:
    """The leases of this process, `holder`. Opened by `open_leases`, which confirms them."""

    def __init__(
        self, database: Database, holder: str, *, terms: Terms, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._holder = holder
        self._terms = terms
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()  # one connection, one statement at a time

    async def take(self, session: str, account: str) -> Lease:
        """The lease of the session with this fingerprint.

        Raises Postponed with a sentence that names the owner if it has one; TransientError if Postgres does not answer.
        """
        if session in self._leases:
            raise Postponed(f"The session of the account {account} is in use here already.", retry_in=AGAIN_IN)
        before = self._clock()
        async with self._turn:
            try:
                generation = await self._taken(session, account)
            except UNREACHABLE as error:
                await self._drop()
                raise TransientError(
                    f"Who uses the account {account} cannot be found out: Postgres does not answer.", retry_in=5
                ) from error
        lease = Lease(session, account, generation, self._terms, self._clock, before)
        self._leases[session] = lease
        log.info("A session is ours.", action="lease_taken", account=account, generation=generation)
        return lease

    async def give_back(self, lease: Lease) -> None:
        """Let others have it. Nothing may be connected with the session any more."""
        if self._leases.get(lease.session) is not lease:
            return
        del self._leases[lease.session]
        lease.lost.set()
        async with self._turn:
            try:
                await self._rows(LEAVE, session=lease.session, generation=lease.generation)
                await self._rows(UNLOCK, session=lease.session)
            except UNREACHABLE:  # the lock ends with its connection
                await self._drop()

    async def confirm(self) -> None:
        """Confirm every lease; those that cannot be are lost."""
        if not self._leases:
            return
        before, mine = self._clock(), dict(self._leases)
        async with self._turn:
            try:
                if self._connection is None:
                    raise ConnectionError("The connection that holds the locks is gone.")
                generations = [lease.generation for lease in mine.values()]
                rows = await self._rows(CONFIRM, sessions=list(mine), generations=generations)
            except UNREACHABLE as error:
                log.warning("Leases of sessions are lost.", action="lease_lost", error=str(error)[:300])
                await self._drop()
                return
        confirmed = {row.session for row in rows}
        for session, lease in mine.items():
            if session in confirmed:
                lease.confirmed = before
            elif self._leases.get(session) is lease:
                log.warning("Somebody else has a session now.", action="lease_lost", account=lease.account)
                self._lose(lease)

    async def close(self) -> None:
        """Give everything back."""
        for lease in list(self._leases.values()):
            await self.give_back(lease)
        async with self._turn:
            await self._drop()

    async def _taken(self, session: str, account: str) -> int:
        (row,) = await self._rows(LOCK, session=session)
        owner = next(iter(await self._rows(OWNER, session=session)), None)
        if not row.locked:
            name = owner.holder if owner and owner.holder else "another process"
            raise Postponed(
                f"The account {account} is in use by {name}; only one process may use a session.", retry_in=AGAIN_IN
            )
        silent = owner.silent if owner and owner.holder else self._terms.silence
        if silent < self._terms.silence:
            await self._rows(UNLOCK, session=session)
            wait = self._terms.silence - silent
            raise Postponed(
                f"The account {account} was in use by {owner.holder if owner else ''} a moment ago; it is free in {wait:.0f} s "
                "at the latest.",
                retry_in=wait,
            )
        (taken,) = await self._rows(TAKE, session=session, account=account, holder=self._holder)
        return int(taken.generation)

    async def _rows(self, statement: TextClause, **parameters: Any) -> list[Row[Any]]:
        async with asyncio.timeout(self._terms.within):
            if self._connection is None:
                pooled = await self._database.engine.connect()
                self._connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
            result = await self._connection.execute(statement, parameters)
            return list(result.all()) if result.returns_rows else []

    async def _drop(self) -> None:
        """Without the connection there are no locks, so there are no leases."""
        connection, self._connection = self._connection, None
        for lease in list(self._leases.values()):
            self._lose(lease)
        if connection:
            with suppress(*UNREACHABLE):
                async with asyncio.timeout(self._terms.within):
                    await connection.invalidate()
                    await connection.close()

    def _lose(self, lease: Lease) -> None:
        del self._leases[lease.session]
        lease.lost.set()


@asynccontextmanager
async def open_leases(database: Database, holder: str, *, terms: Terms | None = None) -> AsyncIterator[SessionLeases]:
    """Leases that are confirmed as long as the block lasts, and given back at its end."""
    terms = terms or Terms()
    leases, stop = SessionLeases(database, holder, terms=terms), asyncio.Event()

    async def confirm() -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(terms.every):
                    await stop.wait()
            await leases.confirm()

    confirming = asyncio.create_task(confirm(), name="leases of sessions")
    try:
        yield leases
    finally:
        stop.set()  # a statement that is cancelled takes the connection with it, and good-byes could not be said
        await asyncio.gather(confirming, return_exceptions=True)
        await leases.close()
