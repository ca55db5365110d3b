"""The read model in Postgres, read as one snapshot, a page at a time: memory does not grow with the knowledge base."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from sqlalchemy import Row, RowMapping, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.knowledge import RejectedEntry
from tg_parser.exporter.adapters import queries
from tg_parser.exporter.domain.rows import (
    ChannelName,
    CommentRow,
    Extent,
    ItemRow,
    MemberRow,
    MessageRow,
    OutcomeCount,
    TopicRow,
)
from tg_parser.exporter.ports import Snapshot

MESSAGES_PER_PAGE = 100  # opened, a message takes some 60 KB
TOPICS_PER_PAGE = 10  # a topic may have hundreds of messages, each read for its title


class PostgresKnowledgeBase:
    """`KnowledgeBase` over the schema `exporter`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """See the port. One repeatable-read transaction, so that rows and position belong together."""
        async with AsyncExitStack() as stack:
            connection = await self._connected(stack)
            yield PostgresSnapshot(connection)

    async def _connected(self, stack: AsyncExitStack) -> AsyncConnection:
        try:
            connection = await stack.enter_async_context(self._database.engine.connect())
            return await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        except DATABASE_ERRORS as error:
            raise _away(error) from error


class PostgresSnapshot:
    """`Snapshot` in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def extent(self) -> Extent:
        """See the port."""
        position = await self._rows(queries.POSITION)
        channels = await self._rows(queries.CHANNELS)
        outcomes = await self._rows(queries.OUTCOMES)
        deleted = await self._rows(queries.DELETED)
        posts = await self._rows(queries.POSTS)
        rejected = await self._rows(queries.REJECTED)
        return Extent(
            position=position[0]["last_seq"] if position else 0,
            channels={row["channel_id"]: ChannelName(row["title"], row["username"]) for row in channels},
            outcomes=tuple(OutcomeCount(**row) for row in outcomes),
            deleted=deleted[0]["messages"],
            posts=posts[0]["posts"],
            rejected=tuple(RejectedEntry(**row) for row in rejected),
        )

    async def messages(self) -> AsyncGenerator[Sequence[MessageRow], None]:
        """See the port."""
        async with aclosing(self._pages(queries.MESSAGES)) as pages:
            async for page in pages:
                yield [_message(row) for row in page]

    async def comments(self) -> AsyncGenerator[Sequence[CommentRow], None]:
        """See the port."""
        async with aclosing(self._pages(queries.COMMENTS)) as pages:
            async for page in pages:
                yield [_comment(row) for row in page]

    async def _pages(self, query: TextClause) -> AsyncGenerator[Sequence[Row[Any]], None]:
        try:
            await self._connection.execute(queries.EVERYTHING)
            stream = await self._connection.stream(query, execution_options={"yield_per": MESSAGES_PER_PAGE})
            pages = stream.partitions(MESSAGES_PER_PAGE)  # without its size, a single page of everything
            while page := await anext(pages, None):
                yield page
            await self._connection.execute(queries.A_FEW)
        except DATABASE_ERRORS as error:
            raise _away(error) from error

    async def topics(self) -> AsyncGenerator[Sequence[TopicRow], None]:
        """See the port."""
        after = ""
        while rows := await self._rows(queries.TOPICS, {"after": after, "limit": TOPICS_PER_PAGE}):
            refs = sorted({ref for row in rows for ref in row["members"]})
            members = await self._rows(queries.MEMBERS, {"refs": refs})
            known = {row["source_ref"]: _member(row) for row in members}
            yield [_topic(row, known) for row in rows]
            after = rows[-1]["topic_id"]

    async def _rows(self, query: Any, parameters: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        try:
            return (await self._connection.execute(query, parameters)).mappings().all()
        except DATABASE_ERRORS as error:
            raise _away(error) from error


def _away(error: BaseException) -> TransientError:
    reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return TransientError(f"The read model cannot be read just now: {reason}", retry_in=2)


def _channel(row: RowMapping) -> ChannelName:
    return ChannelName(row["title"] or row["channel_id"], row["username"])


def _message(row: Row[Any]) -> MessageRow:
    """By position: by name, fetching would cost as much as everything else."""
    entry_ref, source_ref, observed, processed, observed_seq, processed_seq, channel_id, title, username, *more = tuple(
        row
    )
    channel = ChannelName(title or channel_id, username)
    topic_ids, members, bodies, documents = more
    album = tuple(map(ItemRow, members, bodies, documents)) if members else ()
    return MessageRow(
        entry_ref, source_ref, observed, processed, observed_seq, processed_seq, channel, album, _topic_ids(topic_ids)
    )


def _comment(row: Row[Any]) -> CommentRow:
    *texts, topic_ids = tuple(row)
    return CommentRow(*texts, topic_ids=_topic_ids(topic_ids))


def _topic_ids(lines: str | None) -> tuple[str, ...]:
    return tuple(sorted(set(lines.split("\n")))) if lines else ()


def _member(row: RowMapping) -> MemberRow:
    return MemberRow(row["source_ref"], row["observed"], row["processed"], _channel(row))


def _topic(row: RowMapping, members: Mapping[str, MemberRow]) -> TopicRow:
    return TopicRow(
        topic_id=row["topic_id"],
        body=row["body"],
        seq=row["seq"],
        aliases=tuple(row["aliases"] or ()),
        split_from=row["split_from"],
        members={ref: members[ref] for ref in row["members"] if ref in members},
    )
