"""What was told of what an earlier TG_parser knew, as rows: documents and topics, and every source that ever had a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.documents import DocumentImported
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import SourceAdded, SourceRemoved
from tg_parser.contracts.topics import TopicImported
from tg_parser.ingestor.adapters.known_rows import Row, write
from tg_parser.ingestor.inheriting import document_name

HEARD: Final[tuple[type[Fact], ...]] = (DocumentImported, TopicImported, SourceAdded, SourceRemoved)
HEIRLOOMS: Final = text(
    "INSERT INTO ingestor.heirloom AS known (name, digest, told_by, seq) "
    "SELECT * FROM unnest(cast(:names as text[]), cast(:digests as text[]), cast(:told_by as text[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, told_by = excluded.told_by, seq = excluded.seq "
    "WHERE known.seq < excluded.seq"
)


async def fold(connection: AsyncConnection, kinds: Mapping[str, Sequence[Recorded]]) -> None:
    """Fold the facts about them among `kinds`, which are by type."""
    entries = sorted((entry for fact in HEARD for entry in kinds.get(fact.TYPE, ())), key=lambda entry: entry.seq)
    newest = {row[0]: row for entry in entries for row in _rows(entry)}
    await write(connection, HEIRLOOMS, list(newest.values()), "names digests told_by seqs")


def _rows(entry: Recorded) -> Iterator[Row]:
    reading = f"{entry.workflow_id}/{entry.generation}"
    match entry.message:
        case DocumentImported() as told:
            yield document_name(told.source_ref), told.document.digest(), reading, entry.seq
        case TopicImported() as topic:
            yield f"topic:{topic.old_id}", topic.digest(), reading, entry.seq
        case SourceAdded() | SourceRemoved() as source:
            yield f"source:{source.source_id}", "", reading, entry.seq
        case _:
            return
