"""Registering sources, looking at them, and asking for one to be read. What is written is facts, and first events of logs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import (
    SourceAdded,
    SourcePaused,
    SourceRead,
    SourceRemoved,
    SourceResumed,
    SourceRunStarted,
)
from tg_parser.gateway.problems import Problem
from tg_parser.gateway.requests import ReadRequest, SourceRequest

ALL: Final = text("SELECT * FROM gateway.source WHERE NOT removed ORDER BY source_id LIMIT :limit")
ONE: Final = text("SELECT * FROM gateway.source WHERE source_id = :source_id AND NOT removed")
CHANNELS: Final = text(
    "SELECT channel.channel_id, title, username, array_agg(ARRAY[first, last] ORDER BY first) FILTER (WHERE first IS NOT NULL) "
    "AS gaps FROM gateway.channel AS channel LEFT JOIN gateway.gap AS gap USING (channel_id) "
    "WHERE channel.channel_id = any(cast(:ids AS text[])) GROUP BY channel.channel_id ORDER BY channel.channel_id"
)
MOST: Final = 1000


class SourceChannel(BaseModel):
    """A channel a source was found to hold, and what is known to be missing of it."""

    id: str
    title: str
    username: str | None
    gaps: list[tuple[int, int]] = Field(description="ids never read, between others that were")


class SourceStatus(BaseModel):
    """A registered source: what it is, and how its newest reading went."""

    id: str
    spec: SourceSpec
    channel_username: str
    batch_size: int
    follow_every: int | None
    added_at: datetime
    state: Literal["new", "ready", "parked", "refused", "paused"]
    cause: str | None = None
    detail: str = Field(default="", description="a sentence on the state, if there is something to say")
    until: datetime | None = Field(default=None, description="when a parked source is read on")
    read_at: datetime | None = None
    messages: int = Field(default=0, description="messages of the newest reading")
    channels: list[SourceChannel] = []
    last_run: str | None = Field(default=None, description="the newest workflow that read it")


@dataclass(frozen=True, slots=True)
class Sources:
    """The gateway's use cases around sources. `current` returns when the tables hold all that was told."""

    chassis: Chassis
    current: Callable[[], Awaitable[object]]

    async def add(self, asked: SourceRequest, actor: str) -> SourceStatus:
        """Register a source, or change it."""
        await self._tell(
            SourceAdded(
                source_id=asked.id,
                at=self.chassis.clock(),
                actor=actor,
                spec=asked.spec(),
                channel_username=asked.channel_username,
                batch_size=asked.batch_size,
                follow_every=asked.follow_every,
            )
        )
        return await self.show(asked.id)

    async def show(self, source_id: str) -> SourceStatus:
        """One source. Raises Problem 404."""
        async with self.chassis.require_database().engine.connect() as connection:
            row = (await connection.execute(ONE, {"source_id": source_id})).one_or_none()
            if row is None:
                raise Problem(404, f"There is no source {source_id[:64]}.")
            status = _status(row)
            ids = (row.reading or {}).get("channel_ids") or []
            found = await connection.execute(CHANNELS, {"ids": ids})
            channels = [
                SourceChannel(id=each.channel_id, title=each.title, username=each.username, gaps=each.gaps or [])
                for each in found
            ]
        return status.model_copy(update={"channels": channels})

    async def list(self) -> list[SourceStatus]:
        """All of them, by name."""
        async with self.chassis.require_database().engine.connect() as connection:
            return [_status(row) for row in await connection.execute(ALL, {"limit": MOST})]

    async def pause(self, source_id: str, actor: str) -> SourceStatus:
        """Leave it alone. Raises Problem 404."""
        await self.show(source_id)
        await self._tell(SourcePaused(source_id=source_id, at=self.chassis.clock(), actor=actor))
        return await self.show(source_id)

    async def resume(self, source_id: str, actor: str) -> SourceStatus:
        """Read it again, also after a refusal. Raises Problem 404."""
        await self.show(source_id)
        await self._tell(SourceResumed(source_id=source_id, at=self.chassis.clock(), actor=actor))
        return await self.show(source_id)

    async def remove(self, source_id: str, actor: str) -> None:
        """Forget it; what was read stays. Raises Problem 404."""
        await self.show(source_id)
        await self._tell(SourceRemoved(source_id=source_id, at=self.chassis.clock(), actor=actor))

    async def spec_of(self, source_id: str, asked: ReadRequest) -> SourceSpec:
        """What a reading of it reads. Raises Problem 404, and 409 if it is paused."""
        status = await self.show(source_id)
        if status.state == "paused":
            raise Problem(409, f"The source {source_id} is paused; resume it first.")
        changes: dict[str, object] = {"source_id": source_id, "mode": asked.mode}
        if asked.limit is not None:
            changes["limit"] = asked.limit
        return status.spec.model_copy(update=changes)

    async def started(self, source_id: str, workflow_id: str) -> None:
        """Note which workflow reads it."""
        now = self.chassis.clock()
        await self._tell(SourceRunStarted(source_id=source_id, at=now, workflow_id=workflow_id, because="request"))

    async def _tell(self, fact: Fact) -> None:
        await self.chassis.facts.tell(fact)
        await self.current()


def _status(row: Any) -> SourceStatus:
    added = SourceAdded.model_validate(row.definition)
    reading = SourceRead.model_validate(row.reading) if row.reading else None
    status = SourceStatus(
        id=added.source_id,
        spec=added.spec,
        channel_username=added.channel_username,
        batch_size=added.batch_size,
        follow_every=added.follow_every,
        added_at=added.at,
        state="paused" if row.paused else reading.state if reading else "new",
        last_run=row.last_run,
    )
    if reading is None:
        return status
    return status.model_copy(
        update={
            "cause": reading.cause,
            "detail": reading.detail,
            "until": reading.until,
            "read_at": reading.at,
            "messages": reading.messages,
        }
    )
