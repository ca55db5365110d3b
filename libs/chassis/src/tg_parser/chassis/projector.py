"""Folding facts into tables: rows and position in one transaction, so that a crash loses and doubles nothing.

A projection's position lives beside its rows, not in the broker. Dropping the rows with the position and reading again
gives the same rows; that is what `rebuild` does while everything runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from nats.errors import Error as NatsError
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.database import DATABASE_ERRORS, Database, refuses_data
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.metrics import FOLD_DELAY, FOLDED, LAG, LEFT_OUT
from tg_parser.chassis.reader import OrderedReader
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import MalformedMessage, UnknownMessageType
from tg_parser.contracts.envelope import MalformedEnvelope

log = structlog.get_logger(__name__)

UNREADABLE = (UnknownMessageType, MalformedMessage, MalformedEnvelope)
RETRY = 0.5  # seconds between attempts while a server is away
STUMBLES = 3  # times a projection may start over without a batch in between until it counts as broken
Committed = Callable[[Sequence[Recorded]], Awaitable[None]]


class Projection(Protocol):
    """A fold of facts into tables of the service's own schema.

    `apply` gets facts in log order and must give the same rows however the log is cut into batches. It may get a fact
    again only if nothing of the earlier attempt was committed.
    """

    @property
    def name(self) -> str:
        """`<schema>.<what>`; the schema holds the position."""
        ...

    @property
    def filters(self) -> tuple[str, ...]:
        """Subjects of the facts it hears."""
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """What it owns: emptied before a rebuild."""
        ...

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """Fold a batch, inside the transaction that also moves the position."""
        ...


class Projector:
    """Keeps one projection current. Two of the same name may run: one wins each batch, the other starts over.

    A fact that cannot be read, or that Postgres will not take, is left out, logged and counted: it must not stop the rest.
    `committed` hears of a batch after its commit, and not again if the process ends in between: it is a hint.
    """

    def __init__(
        self,
        projection: Projection,
        chassis: Chassis,
        *,
        stream: str = subjects.FACTS,
        batch_size: int = 500,
        committed: Committed | None = None,
    ) -> None:
        self.stream = stream
        self._projection = projection
        self._chassis = chassis
        self._database: Database = chassis.require_database()
        self._batch_size = batch_size
        self._committed = committed
        self._positions = _positions(projection.name.partition(".")[0])
        self._mine = (self._positions.c.projection == projection.name,)
        self._reader: OrderedReader | None = None
        self._changed = asyncio.Event()
        self._rebuilt = False
        self._at = 0  # where the batch in hand begins; `position` can fall behind it, when a rebuild has begun
        self._stumbles = 0  # times it started over since a batch was last committed
        self.position = 0
        self.folded = 0  # facts folded since this projector was made

    @property
    def name(self) -> str:
        """The projection's name."""
        return self._projection.name

    def when_committed(self, committed: Committed) -> None:
        """Call `committed` after each batch, once it is in the tables."""
        self._committed = committed

    @property
    def alive(self) -> bool:
        """Whether the log is really being read, and folded."""
        return self._reader is not None and self._reader.alive and not self.stumbled

    @property
    def stumbled(self) -> bool:
        """Whether it starts over again and again, and gets no batch into the tables."""
        return self._stumbles >= STUMBLES

    async def run(self) -> None:
        """Fold for ever; a supervised task. Servers that are away are waited for."""
        while True:
            try:
                await self._follow()
            except (*DATABASE_ERRORS, NatsError, TransientError, _PositionMoved) as error:
                self._stumbles += 1
                log.warning(
                    "A projection starts over.", action="projection_retry", projection=self.name, error=str(error)[:300]
                )
                await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        self._rebuilt = False
        self._at = self.position = await self._load_position()
        nc = self._chassis.nc
        async with OrderedReader(nc, self.stream, self._projection.filters, after_seq=self.position) as self._reader:
            self._announce()
            if self._rebuilt:
                return
            async for batch in self._reader.batches(self._batch_size):
                await self._fold(batch)
                self._announce()

    async def _fold(self, batch: Sequence[Recorded]) -> None:
        try:
            await self._commit(batch, batch)
        except (*UNREADABLE, *DATABASE_ERRORS) as error:
            if not isinstance(error, UNREADABLE) and not refuses_data(error):
                raise
            await self._fold_apart(batch, error)
        else:
            await self._folded(batch)

    async def _fold_apart(self, batch: Sequence[Recorded], error: BaseException) -> None:
        """Something in the batch cannot be folded: find the fact by halving, and leave out that one alone."""
        if len(batch) == 1:
            self._left_out(batch[0], error)
            await self._commit(batch, ())
            await self._folded(batch)
            return
        middle = len(batch) // 2
        await self._fold(batch[:middle])
        await self._fold(batch[middle:])

    def _left_out(self, entry: Recorded, error: BaseException) -> None:
        LEFT_OUT.labels(self.name).inc()
        log.error(
            "A fact that cannot be folded is left out.",
            action="projection_poison",
            projection=self.name,
            seq=entry.seq,
            error=str(error)[:300],
        )

    async def _folded(self, batch: Sequence[Recorded]) -> None:
        self._stumbles = 0
        self._at = batch[-1].seq
        if not self._rebuilt:
            self.position = self._at
        self._observe(batch)
        if self._committed:
            await self._committed(batch)

    async def _commit(self, batch: Sequence[Recorded], readable: Sequence[Recorded]) -> None:
        async with self._database.begin() as connection:
            moved = await connection.execute(
                update(self._positions)
                .where(*self._mine, self._positions.c.last_seq == self._at)
                .values(last_seq=batch[-1].seq)
            )
            if moved.rowcount != 1:
                raise _PositionMoved("Somebody else moved its position.")
            if readable:
                await self._projection.apply(connection, readable)

    def _observe(self, batch: Sequence[Recorded]) -> None:
        self.folded += len(batch)
        FOLDED.labels(self.name).inc(len(batch))
        LAG.labels(self.name).set(self._reader.backlog if self._reader else 0)
        with contextlib.suppress(KeyError, ValueError):  # a fact without a readable time says nothing about delays
            told = datetime.fromisoformat(batch[-1].headers["ce-time"])
            FOLD_DELAY.labels(self.name).observe(max(0.0, time.time() - told.timestamp()))
        if self._chassis.telemetry.enabled:
            for entry in batch:
                self._chassis.telemetry.folded(self.name, entry)

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _load_position(self) -> int:
        fresh = insert(self._positions).values(projection=self.name, last_seq=0).on_conflict_do_nothing()
        async with self._database.begin() as connection:
            await connection.execute(fresh)
            found = await connection.execute(select(self._positions.c.last_seq).where(*self._mine))
            return int(found.scalar_one())

    async def wait_for(self, seq: int, *, timeout: float) -> int:
        """Wait until every fact it hears up to stream sequence `seq` is in the tables; returns the position reached.

        The position may stay below `seq` if the facts in between are none of its own. Raises TransientError after `timeout`
        seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                changed = self._changed
                while await self._is_behind(seq):
                    await _soon(changed)
                    changed = self._changed
        except TimeoutError as late:
            raise TransientError(
                f"{self.name} has not reached position {seq} within {timeout:.0f} s.", retry_in=5
            ) from late
        return self.position

    async def _is_behind(self, seq: int) -> bool:
        if self.position >= seq:
            return False
        missing = await self._chassis.log.next_seq(
            self.stream, self._projection.filters, from_seq=self.position + 1, up_to=seq
        )
        return missing is not None

    async def wait_until_current(self, *, timeout: float) -> int:
        """Wait until everything that is in the log now is in the tables."""
        return await self.wait_for(await self._chassis.log.last_seq(self.stream), timeout=timeout)

    async def rebuild(self) -> None:
        """Drop every row and start again from the beginning of the log; readers see the rows come back.

        Another process with a projector of this name notices at its next fact.
        """
        if not self._projection.tables:
            raise PermanentError(f"{self.name} owns no tables to rebuild.")
        async with self._database.begin() as connection:  # the position first, as a batch does: no deadlock with one
            await connection.execute(update(self._positions).where(*self._mine).values(last_seq=0))
            await connection.execute(text(f"TRUNCATE {', '.join(self._projection.tables)}"))
        self.position, self._rebuilt = 0, True
        if self._reader:
            self._reader.end()


def _positions(schema: str) -> Table:
    return Table(
        "projection_position",
        MetaData(schema=schema),
        Column("projection", Text, primary_key=True),
        Column("last_seq", BigInteger, nullable=False),
    )


class _PositionMoved(Exception):
    pass


async def _soon(changed: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), RETRY)
