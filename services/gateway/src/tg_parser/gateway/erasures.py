"""Asking for texts to be erased, and seeing how far that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.ids import deterministic_id, parse_source_ref
from tg_parser.contracts.model import Fact
from tg_parser.gateway.problems import Problem
from tg_parser.gateway.requests import ErasureRequest

ONE: Final = text(
    "SELECT erasure_id, requested_at, channel_id, parts, "
    "(SELECT count(*) FROM gateway.erasure_part AS part WHERE part.erasure_id = erasure.erasure_id) AS known_parts, "
    "(SELECT count(*) FROM gateway.erasure_item AS item WHERE item.erasure_id = erasure.erasure_id) AS messages, "
    "(SELECT count(*) FROM gateway.erasure_item AS item JOIN gateway.erased_message USING (source_ref) "
    "WHERE item.erasure_id = erasure.erasure_id) AS erased "
    "FROM gateway.erasure AS erasure WHERE erasure_id = :erasure_id"
)


class ErasureStatus(BaseModel):
    """An erasure: what was asked for, and how far it is."""

    id: str
    state: Literal["requested", "done"]
    requested_at: datetime
    channel_id: str | None = Field(default=None, description="the channel that is erased as a whole, if one is")
    messages: int | None = Field(default=None, description="how many it is about; null until that is known")
    erased: int = Field(default=0, description="how many of them are erased already")


@dataclass(frozen=True, slots=True)
class Erasures:
    """The gateway's use cases around erasing. `current` returns when the tables hold all that was told."""

    chassis: Chassis
    current: Callable[[], Awaitable[object]]

    async def request(self, asked: ErasureRequest, key: str, actor: str) -> ErasureStatus:
        """Ask for it; the same `key` asks once. There is no way back: what was told here is done, sooner or later."""
        now = self.chassis.clock()
        erasure_id = deterministic_id("erasure", key or f"{asked.model_dump_json()} {now.isoformat()}")
        await self.chassis.facts.tell_all(requested(asked, erasure_id, now, actor))
        await self.current()
        return await self.show(erasure_id)

    async def show(self, erasure_id: str) -> ErasureStatus:
        """One erasure. Raises Problem 404."""
        async with self.chassis.require_database().engine.connect() as connection:
            row = (await connection.execute(ONE, {"erasure_id": erasure_id})).one_or_none()
        if row is None:
            raise Problem(404, f"There is no erasure {erasure_id[:64]}.")
        named = row.parts is not None and row.known_parts == row.parts
        return ErasureStatus(
            id=row.erasure_id,
            state="done" if named and row.erased == row.messages else "requested",
            requested_at=row.requested_at,
            channel_id=row.channel_id,
            messages=row.messages if named else None,
            erased=row.erased,
        )


def requested(asked: ErasureRequest, erasure_id: str, at: datetime, actor: str) -> Sequence[Fact]:
    """The facts that ask for it, a part for each channel."""
    if asked.channel_id is not None:
        return [ChannelErasureRequested(erasure_id=erasure_id, channel_id=asked.channel_id, at=at, actor=actor)]
    channels: defaultdict[str, list[str]] = defaultdict(list)
    for ref in dict.fromkeys(asked.source_refs):
        channels[parse_source_ref(ref).channel_id].append(ref)
    return [
        ErasureRequested(
            erasure_id=erasure_id,
            channel_id=channel_id,
            source_refs=tuple(refs),
            part=part,
            parts=len(channels),
            at=at,
            actor=actor,
        )
        for part, (channel_id, refs) in enumerate(sorted(channels.items()))
    ]
