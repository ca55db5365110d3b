"""Who is gone, and what is to be erased, as rows of the topicizer's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.erasure import ErasureRequested, TopicsRewritten
from tg_parser.contracts.messages import MessageDeleted, MessageErased, MessageRestored

HEARD: Final = (MessageDeleted, MessageRestored, MessageErased, ErasureRequested, TopicsRewritten)
PRESENCE: Final = text(
    "INSERT INTO topicizer.presence AS known (source_ref, gone, erased, seq) "
    "SELECT * FROM unnest(cast(:refs as text[]), cast(:gone as boolean[]), cast(:erased as boolean[]), cast(:seqs as bigint[])) "
    "ON CONFLICT (source_ref) DO UPDATE SET gone = excluded.gone OR known.erased, "
    "erased = excluded.erased OR known.erased, seq = excluded.seq WHERE known.seq < excluded.seq"
)
DOCUMENTS_ERASED: Final = text(
    "DELETE FROM topicizer.document d USING topicizer.presence p WHERE p.source_ref = d.source_ref AND p.erased "
    "AND d.source_ref = any(cast(:refs as text[]))"
)
ASSIGNMENTS_ERASED: Final = text(
    "DELETE FROM topicizer.assignment a USING topicizer.presence p WHERE p.source_ref = a.source_ref AND p.erased "
    "AND a.source_ref = any(cast(:refs as text[]))"
)
REQUESTED: Final = text(
    "INSERT INTO topicizer.erasure (erasure_id, part, channel_id, refs, seq) "
    "VALUES (:erasure_id, :part, :channel_id, cast(:refs as text[]), :seq) ON CONFLICT DO NOTHING"
)
ANSWERED: Final = text("UPDATE topicizer.erasure SET answered = true WHERE erasure_id = :erasure_id AND part = :part")


async def fold_presence(connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
    """Fold what a batch says of presence, and the requests in it."""
    latest: dict[str, tuple[bool, bool, int]] = {}
    for entry in batch:
        match entry.message:
            case MessageDeleted() | MessageRestored() as fact:
                _, erased, _ = latest.get(fact.source_ref, (False, False, 0))
                latest[fact.source_ref] = (erased or isinstance(fact, MessageDeleted), erased, entry.seq)
            case MessageErased() as fact:
                latest[fact.source_ref] = (True, True, entry.seq)
            case ErasureRequested() as request:
                latest |= dict.fromkeys(request.source_refs, (True, True, entry.seq))
                await connection.execute(
                    REQUESTED,
                    request.model_dump(include={"erasure_id", "part", "channel_id"})
                    | {"refs": list(request.source_refs), "seq": entry.seq},
                )
            case TopicsRewritten(last=True) as answer:
                await connection.execute(ANSWERED, {"erasure_id": answer.erasure_id, "part": answer.part})
            case _:
                continue
    if latest:
        gone, erased, seqs = zip(*latest.values(), strict=True)
        columns = {"refs": list(latest), "gone": list(gone), "erased": list(erased), "seqs": list(seqs)}
        await connection.execute(PRESENCE, columns)


async def drop_erased(connection: AsyncConnection, refs: Sequence[str]) -> None:
    """Leave nothing of those of the messages `refs` that are to be erased, whatever was told of them late."""
    if refs:
        await connection.execute(DOCUMENTS_ERASED, {"refs": list(refs)})
        await connection.execute(ASSIGNMENTS_ERASED, {"refs": list(refs)})
