"""Which followed sources are read with which account, and which channels they were found to hold: a fold of their facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import SourceAdded, SourcePaused, SourceRead, SourceRemoved, SourceResumed
from tg_parser.contracts.subjects import fact_filter

HEARD: Final = (SourceAdded, SourcePaused, SourceResumed, SourceRemoved, SourceRead)
ADDED: Final = text(
    "INSERT INTO ingestor.followed (source_id, kind, account, wanted, channel_ids) "
    "VALUES (:source_id, :kind, :account, :wanted, cast(:channel_ids as text[])) "
    "ON CONFLICT (source_id) DO UPDATE SET kind = excluded.kind, account = excluded.account, wanted = excluded.wanted, "
    "channel_ids = excluded.channel_ids, removed = false, refused = false"
)
"""What it holds is found out anew: it may lead elsewhere now, and it is read at once."""
PAUSED: Final = text("UPDATE ingestor.followed SET paused = true WHERE source_id = :source_id")
RESUMED: Final = text("UPDATE ingestor.followed SET paused = false, refused = false WHERE source_id = :source_id")
REMOVED: Final = text("UPDATE ingestor.followed SET removed = true, paused = false WHERE source_id = :source_id")
READ: Final = text(
    "UPDATE ingestor.followed SET refused = :refused, channel_ids = CASE WHEN cardinality(cast(:channel_ids as text[])) = 0 "
    "THEN channel_ids ELSE cast(:channel_ids as text[]) END WHERE source_id = :source_id"
)
FOLLOWED: Final = text(
    "SELECT source_id, account, channel_ids FROM ingestor.followed "
    "WHERE kind = :kind AND wanted AND NOT (paused OR removed OR refused) ORDER BY source_id"
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A source somebody wants to be looked at without being asked. `account` is empty for the only one there is."""

    source_id: str
    account: str
    channel_ids: tuple[str, ...]


class FollowedProjection:
    """See `Projection`."""

    name = "ingestor.followed"
    filters = tuple(fact_filter(fact) for fact in HEARD)
    tables = ("ingestor.followed",)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`. Few facts: each is a statement of its own."""
        for entry in batch:
            await _fold(connection, entry.message)


async def _fold(connection: AsyncConnection, fact: Message) -> None:
    match fact:
        case SourceAdded():
            statement, row = ADDED, _added(fact)
        case SourcePaused() | SourceResumed() | SourceRemoved():
            statement = {SourcePaused: PAUSED, SourceResumed: RESUMED, SourceRemoved: REMOVED}[type(fact)]
            row = {"source_id": fact.source_id}
        case SourceRead():
            refused = fact.state == "refused"
            statement = READ
            row = {"source_id": fact.source_id, "refused": refused, "channel_ids": list(fact.channel_ids)}
        case _:
            return
    await connection.execute(statement, row)


def _added(fact: SourceAdded) -> Mapping[str, object]:
    known = [fact.spec.channel_id] if fact.spec.channel_id else []
    return {
        "source_id": fact.source_id,
        "kind": fact.spec.kind,
        "account": fact.spec.account,
        "wanted": fact.follow_every is not None,
        "channel_ids": known,
    }


@dataclass(frozen=True, slots=True)
class FollowedSources:
    """What the projection holds."""

    database: Database
    kind: str

    async def __call__(self) -> Sequence[Followed]:
        """The sources that are followed now. Raises TransientError."""
        try:
            async with self.database.begin() as connection:
                rows = (await connection.execute(FOLLOWED, {"kind": self.kind})).all()
        except DATABASE_ERRORS as error:
            raise TransientError("Postgres does not answer; which sources are followed is not known.") from error
        return [Followed(row.source_id, row.account, tuple(row.channel_ids)) for row in rows]
