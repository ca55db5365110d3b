"""Every kind of fact the ingestor tells is folded into its tables, and folding the log again gives the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.projector import Projector
from tg_parser.contracts.messages import (
    ChannelObserved,
    Covered,
    IngestPageCommitted,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageMetrics,
    MessageMetricsObserved,
    MessageRestored,
    TelegramMessage,
)
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import FloodWaited, GapDetected, GapFilled
from tg_parser.ingestor.adapters.known_projection import KnownProjection
from tg_parser.testkit.drills import projecting

pytestmark = pytest.mark.servers

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int, words: str = "текст") -> TelegramMessage:
    return TelegramMessage(channel_id="7", message_id=number, date=NOW, text=words)


def ref(number: int) -> str:
    return message(number).source_ref


def sampled(number: int, moment: int) -> MessageMetricsObserved:
    metrics = MessageMetrics(views=10 * moment)
    return MessageMetricsObserved(
        channel_id="7", source_ref=ref(number), metrics=metrics, source_kind="td_json", sample=moment
    )


def flood(seconds: int) -> FloodWaited:
    return FloodWaited(account="a", method="getHistory", seconds=seconds, at=NOW, source_kind="mtproto_history")


def history() -> list[Fact]:
    """Five messages: one edited, one enriched, one gone, one back, one erased; counters, gaps, floods."""
    first = message(1, "первый")
    edited = first.model_copy(update={"text": "исправлен"})
    return [
        *(
            MessageIngested(message=made, content_hash=made.content_hash(), source_kind="td_json")
            for made in (first, *(message(number) for number in range(2, 6)))
        ),
        MessageEdited(
            message=edited,
            content_hash=edited.content_hash(),
            previous_hash=first.content_hash(),
            revision=1,
            source_kind="td_json",
        ),
        MessageEnriched(message=message(2), content_hash=message(2).content_hash(), source_kind="web_preview"),
        MessageDeleted(channel_id="7", source_ref=ref(3)),
        MessageDeleted(channel_id="7", source_ref=ref(4)),
        MessageRestored(channel_id="7", source_ref=ref(4)),
        MessageErased(channel_id="7", source_ref=ref(5)),
        sampled(1, 0),
        sampled(1, 3),
        sampled(2, 2),
        ChannelObserved(channel_id="7", title="Город", channel_type="public_channel", source_kind="td_json"),
        IngestPageCommitted(page=0, cursor=5, covered=(Covered(channel_id="7", first=1, last=5),)),
        IngestPageCommitted(page=1, cursor=9, covered=(Covered(channel_id="7", first=8, last=9),)),
        GapDetected(channel_id="7", first=6, last=7),
        GapDetected(channel_id="7", first=20, last=30),
        GapFilled(channel_id="7", first=20, last=30),
        flood(60),
        flood(30),
    ]


async def rows(chassis: Chassis, columns: str, table: str) -> list[tuple[Any, ...]]:
    async with chassis.require_database().begin() as connection:
        found = await connection.execute(text(f"SELECT {columns} FROM ingestor.{table} ORDER BY 1, 2"))
        return [tuple(row) for row in found]


async def test_everything_told_is_in_the_tables_and_again_after_a_rebuild(chassis: Chassis) -> None:
    await chassis.require_database().migrate("tg_parser.ingestor.migrations", "ingestor")
    projector = Projector(KnownProjection(), chassis)
    async with projecting(projector):
        for fact in history():
            await chassis.facts.tell(fact)
        await projector.wait_until_current(timeout=20)
        told = await everything(chassis)
        assert told["message"] == [
            (ref(1), 1, False, 3, False, ["td_json"]),
            (ref(2), 0, False, 2, False, ["td_json", "web_preview"]),
            (ref(3), 0, True, -1, False, ["td_json"]),
            (ref(4), 0, False, -1, False, ["td_json"]),
            (ref(5), 0, True, -1, True, ["td_json"]),
        ]
        assert told["coverage"] == [("7", 1, 5), ("7", 8, 9)]
        assert told["gap"] == [("7", 6, 7)]
        assert told["channel"] == [("7", "Город")]
        assert told["flood"] == [("a", "getHistory", NOW + timedelta(seconds=60))]
        await projector.rebuild()
        await projector.wait_until_current(timeout=20)
        assert await everything(chassis) == told


async def everything(chassis: Chassis) -> dict[str, list[tuple[Any, ...]]]:
    columns = {
        "message": "source_ref, revision, deleted, sampled, erased, kinds",
        "coverage": "channel_id, first, last",
        "gap": "channel_id, first, last",
        "channel": "channel_id, title",
        "flood": "account, method, until",
    }
    return {table: await rows(chassis, names, table) for table, names in columns.items()}
