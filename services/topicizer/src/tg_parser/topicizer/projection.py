"""The topicizer's memory on disk: documents, where each was assigned, topics and regroups, all as the log has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.erasure import ErasureRequested
from tg_parser.contracts.model import Message
from tg_parser.contracts.subjects import fact_filter
from tg_parser.contracts.topics import (
    RegroupCommitted,
    TopicImported,
    TopicOpened,
    TopicRetired,
    TopicsAssigned,
    TopicsMerged,
    TopicUpdated,
)
from tg_parser.topicizer.presence_rows import HEARD, drop_erased, fold_presence
from tg_parser.topicizer.stored_document import ProcessedPart

DOCUMENTS = text(
    "INSERT INTO topicizer.document "
    "SELECT * FROM unnest(cast(:refs as text[]), cast(:revisions as int[]), cast(:contents as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (source_ref) DO UPDATE SET revision = excluded.revision, content = excluded.content, seq = excluded.seq "
    "WHERE topicizer.document.seq < excluded.seq"
)
ASSIGNMENTS = text(
    "INSERT INTO topicizer.assignment "
    "SELECT * FROM unnest(cast(:refs as text[]), cast(:revisions as int[]), cast(:bodies as text[]), "
    "cast(:inputs as bigint[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (source_ref) DO UPDATE SET revision = excluded.revision, body = excluded.body, "
    "input_seq = excluded.input_seq, seq = excluded.seq WHERE topicizer.assignment.seq < excluded.seq"
)
TOPICS = text(
    "INSERT INTO topicizer.topic "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:bodies as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (topic_id) DO UPDATE SET body = excluded.body, seq = excluded.seq WHERE topicizer.topic.seq < excluded.seq"
)
REGROUPS = text(
    "INSERT INTO topicizer.regroup SELECT * FROM unnest(cast(:epochs as int[]), cast(:bodies as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (epoch) DO NOTHING"
)
IMPORTED = text(
    "INSERT INTO topicizer.imported_topic AS known "
    "SELECT * FROM unnest(cast(:ids as text[]), cast(:bodies as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (old_id) DO UPDATE SET body = excluded.body, seq = excluded.seq WHERE known.seq < excluded.seq"
)


class TopicsProjection:
    """See `Projection`."""

    name = "topicizer.topics"
    filters = tuple(
        fact_filter(fact)
        for fact in (
            MessageProcessed,
            TopicsAssigned,
            TopicOpened,
            TopicUpdated,
            TopicsMerged,
            TopicRetired,
            RegroupCommitted,
            *HEARD,
            TopicImported,
        )
    )
    tables = (
        "topicizer.document",
        "topicizer.assignment",
        "topicizer.topic",
        "topicizer.regroup",
        "topicizer.presence",
        "topicizer.erasure",
        "topicizer.imported_topic",
    )

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`."""
        documents = [entry for entry in batch if entry.holds(MessageProcessed)]
        others = [entry for entry in batch if not entry.holds(MessageProcessed)]
        written = await self._documents(connection, documents)
        await self._assignments(connection, others)
        await self._topics(connection, others)
        await self._regroups(connection, others)
        await self._imported(connection, others)
        await fold_presence(connection, others)
        await drop_erased(connection, sorted({*written, *_named(others)}))

    async def _documents(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> Iterable[str]:
        """The messages they are of."""
        told = [(entry.part(ProcessedPart), entry.seq) for entry in batch]
        latest = {part.source_ref: (part, seq) for part, seq in told}
        if latest:
            columns = {
                "refs": list(latest),
                "revisions": [part.revision for part, _ in latest.values()],
                "contents": [part.document.model_dump_json(exclude_none=True) for part, _ in latest.values()],
                "seqs": [seq for _, seq in latest.values()],
            }
            await connection.execute(DOCUMENTS, columns)
        return latest.keys()

    async def _assignments(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        latest = {
            item.source_ref: (item, fact.input_seq, entry.seq)
            for entry in batch
            if isinstance(fact := entry.message, TopicsAssigned)
            for item in fact.items
        }
        if latest:
            columns = {
                "refs": list(latest),
                "revisions": [item.revision for item, _, _ in latest.values()],
                "bodies": [item.model_dump_json() for item, _, _ in latest.values()],
                "inputs": [input_seq for _, input_seq, _ in latest.values()],
                "seqs": [seq for _, _, seq in latest.values()],
            }
            await connection.execute(ASSIGNMENTS, columns)

    async def _topics(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        latest: dict[str, tuple[str, int]] = {}
        for entry in batch:
            match entry.message:
                case TopicOpened() | TopicUpdated() as fact:
                    latest[fact.topic_id] = (tagged(fact), entry.seq)
                case TopicsMerged() as fact:
                    latest |= dict.fromkeys(fact.absorbed, (tagged(fact), entry.seq))
                case TopicRetired() as fact:
                    latest[fact.topic_id] = (tagged(fact), entry.seq)
                case _:
                    continue
        if latest:
            columns = {
                "ids": list(latest),
                "bodies": [body for body, _ in latest.values()],
                "seqs": [seq for _, seq in latest.values()],
            }
            await connection.execute(TOPICS, columns)

    async def _regroups(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        found = {
            fact.epoch: (fact, entry.seq) for entry in batch if isinstance(fact := entry.message, RegroupCommitted)
        }
        if found:
            columns = {
                "epochs": list(found),
                "bodies": [tagged(fact) for fact, _ in found.values()],
                "seqs": [seq for _, seq in found.values()],
            }
            await connection.execute(REGROUPS, columns)

    async def _imported(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        found = {fact.old_id: (fact, entry.seq) for entry in batch if isinstance(fact := entry.message, TopicImported)}
        if found:
            columns = {
                "ids": list(found),
                "bodies": [tagged(fact) for fact, _ in found.values()],
                "seqs": [seq for _, seq in found.values()],
            }
            await connection.execute(IMPORTED, columns)


def _named(batch: Sequence[Recorded]) -> list[str]:
    """The messages that facts of other kinds may have written about."""
    refs: set[str] = set()
    for entry in batch:
        match entry.message:
            case TopicsAssigned() as fact:
                refs.update(item.source_ref for item in fact.items)
            case ErasureRequested() as request:
                refs.update(request.source_refs)
            case _:
                continue
    return sorted(refs)


def tagged(fact: Message) -> str:
    """A fact with its wire type, so that a later version can read it through the upcasts."""
    return f'{{"type": "{fact.wire_type()}", "data": {encode(fact).decode()}}}'
