"""Erasures as a person wants to see them: what was asked for, and what of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.messages import MessageErased
from tg_parser.contracts.subjects import fact_filter

HEARD: Final = (ErasureRequested, ChannelErasureRequested, MessageErased)
REQUESTED: Final = text(
    "INSERT INTO gateway.erasure AS known (erasure_id, requested_at, channel_id, parts) "
    "VALUES (:erasure_id, :at, :channel_id, :parts) "
    "ON CONFLICT (erasure_id) DO UPDATE SET parts = coalesce(excluded.parts, known.parts)"
)
PART: Final = text(
    "INSERT INTO gateway.erasure_part (erasure_id, part) VALUES (:erasure_id, :part) ON CONFLICT DO NOTHING"
)
ITEMS: Final = text(
    "INSERT INTO gateway.erasure_item (erasure_id, source_ref) "
    "SELECT :erasure_id, unnest(cast(:refs AS text[])) ON CONFLICT DO NOTHING"
)
ERASED: Final = text(
    "INSERT INTO gateway.erased_message (source_ref) SELECT unnest(cast(:refs AS text[])) ON CONFLICT DO NOTHING"
)


class ErasuresProjection:
    """See `Projection`."""

    name = "gateway.erasures"
    filters = tuple(fact_filter(fact) for fact in HEARD)
    tables = ("gateway.erasure", "gateway.erasure_part", "gateway.erasure_item", "gateway.erased_message")

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """See `Projection`."""
        erased: list[str] = []
        for entry in batch:
            match entry.message:
                case ErasureRequested() as request:
                    await _requested(connection, request)
                case ChannelErasureRequested() as request:
                    row = {"erasure_id": request.erasure_id, "at": request.at, "channel_id": request.channel_id}
                    await connection.execute(REQUESTED, {**row, "parts": None})
                case MessageErased() as fact:
                    erased.append(fact.source_ref)
                case _:
                    continue
        if erased:
            await connection.execute(ERASED, {"refs": erased})


async def _requested(connection: AsyncConnection, request: ErasureRequested) -> None:
    row = {"erasure_id": request.erasure_id, "at": request.at, "channel_id": None, "parts": request.parts}
    await connection.execute(REQUESTED, row)
    await connection.execute(PART, {"erasure_id": request.erasure_id, "part": request.part})
    await connection.execute(ITEMS, {"erasure_id": request.erasure_id, "refs": list(request.source_refs)})
