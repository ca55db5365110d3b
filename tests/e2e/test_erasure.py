"""A text that is erased is nowhere any more, and comes back from nowhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from searching import files_with, places_with

from tg_parser.chassis.chassis import Chassis
from tg_parser.cli.all_in_one import Composition, System, running
from tg_parser.cli.client import GatewayClient, open_client
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import MessageIngested, TelegramMessage
from tg_parser.contracts.topics import RegroupCommitted, TopicOpened, TopicUpdated
from tg_parser.testkit.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

WORD = "zqxmarker"
CHANNEL = "1500000009"
BRIDGE = [
    "{0} divers inspected the piers of the Old Bridge and found a crack under the water near {0}",
    "{0} crack in the Old Bridge piers was filmed by divers, {0} repair will take a month",
    "Old Bridge: divers strengthen the piers, the crack is closed with concrete",
    "Old Bridge piers: the crack is closed, divers left and the concrete is dry",
    "Ferry tickets are sold again while the Old Bridge piers are closed by divers for the crack",
]
HOCKEY = [
    "Wolves beat Buran in overtime and lead the semi-final series",
    "The Wolves are in the final: the semi-final series with Buran ends in overtime",
    "Wolves lose the final series, silver after another overtime with Buran fans singing",
]


def posts(*, edited: bool) -> list[dict[str, Any]]:
    """The channel: two of its posts on the bridge, an album, and a poll hold the word, and one more since it was edited."""
    texts = [*(text.format(WORD) for text in BRIDGE), *HOCKEY]
    rows = [row(number, text) for number, text in enumerate(texts, 1)]
    if edited:
        rows[2] = row(3, f"{BRIDGE[2]}, says {WORD}", edited_unixtime="1767999999", edited="2026-01-10T00:00:00")
    photo = {"photo": "(File not included. Change data exporting settings to download.)", "width": 8, "height": 8}
    rows.append(row(20, f"An album of {WORD}", **photo))
    rows.append(row(21, "", **photo))
    poll = {
        "question": f"Do you like {WORD}?",
        "closed": False,
        "total_voters": 1,
        "answers": [{"text": WORD, "voters": 1}],
    }
    rows.append(row(22, "", poll=poll))
    return rows


ERASED = [f"tg:{CHANNEL}:post:{number}" for number in (1, 2, 3, 20, 22)]
COMMENT = f"tg:{CHANNEL}:comment:77"


def row(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date": "2026-01-01T03:00:00",
        "date_unixtime": str(1_767_225_600 + 60 * number),
        "from": "Town",
        "from_id": f"channel{CHANNEL}",
        "text": text,
        "text_entities": [{"type": "plain", "text": text}] if text else [],
    } | more


@dataclass
class Town:
    """The system with a channel read into it."""

    system: System
    client: GatewayClient
    folder: Path
    nats_url: str
    dsn: str

    @property
    def chassis(self) -> Chassis:
        return self.system.services[0].chassis

    async def read(self, key: str, *, edited: bool = False) -> dict[str, Any]:
        path = self.folder / "imports" / "result.json"
        path.parent.mkdir(exist_ok=True)
        chat = {"name": "Town", "type": "public_channel", "id": int(CHANNEL), "messages": posts(edited=edited)}
        path.write_text(json.dumps(chat), "utf-8")
        source = {"kind": "td_json", "location": str(path)}
        return await self.done({"kind": "run", "source": source, "target": {"location": str(self.out(key))}}, key)

    async def export(self, key: str) -> Path:
        await self.done({"kind": "export", "target": {"location": str(self.out(key))}}, key)
        return self.out(key)

    def out(self, key: str) -> Path:
        return self.folder / f"out-{key}"

    async def done(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        accepted = await self.client.request_workflow(body, key=key)

        async def settled() -> dict[str, Any] | None:
            found = await self.client.workflow(accepted["id"])
            return found if found["state"] in {"completed", "partial", "failed"} else None

        found = await eventually(settled, timeout=60)
        assert found is not None
        assert found["state"] == "completed", found
        return found

    async def comment(self) -> None:
        """A comment, its document and a dead letter: what a reading with an account leaves, and a model that failed."""
        message = TelegramMessage.model_validate(
            {
                "channel_id": CHANNEL,
                "message_id": 77,
                "message_type": "comment",
                "date": self.chassis.clock(),
                "text": f"The Old Bridge piers have a crack, divers say: {WORD}",
            }
        )
        told = MessageIngested(message=message, content_hash=message.content_hash(), source_kind="mtproto_history")
        await self.chassis.facts.tell(told)
        job = ProcessMessage(workflow_id="by-hand", message=message, content_hash=message.content_hash())
        headers = Envelope(
            id="by-hand", type=job.wire_type(), source="test", time=self.chassis.clock(), workflow_id="by-hand"
        ).headers()
        await self.chassis.publisher.publish(
            subjects.job_subject(ProcessMessage, "bulk", "by-hand"), encode(job), headers
        )
        dead = headers | {"Nats-Msg-Id": "dead", "ce-id": "dead"}
        await self.chassis.publisher.publish(subjects.dead_letter_subject("process", "by-hand"), encode(job), dead)

        async def processed() -> bool:
            return COMMENT in {fact.source_ref for fact in await self.facts(MessageProcessed)}

        await eventually(processed, timeout=20)

    async def facts(self, kind: type[Any]) -> list[Any]:
        pages = self.chassis.log.pages(subjects.FACTS, subjects.fact_filter(kind))
        return [entry.message async for page in pages for entry in page]

    async def erase(self, refs: Sequence[str]) -> None:
        asked = await self.client.request_erasure(
            {"source_refs": list(refs)}, key=f"erase {asyncio.get_running_loop().time()}"
        )
        await self.erased(asked["id"])

    async def erased(self, erasure_id: str) -> dict[str, Any]:
        async def done() -> dict[str, Any] | None:
            found = await self.client.erasure(erasure_id)
            return found if found["state"] == "done" else None

        found = await eventually(done, timeout=30)
        assert found is not None
        return found

    async def current(self) -> None:
        for service in self.system.services:
            for projector in service.projectors:
                await projector.wait_until_current(timeout=20)

    async def rebuild(self) -> None:
        for service in self.system.services:
            for projector in service.projectors:
                await projector.rebuild()
        await self.current()

    async def places(self, *folders: Path) -> set[str]:
        await self.current()
        return await places_with(WORD, self.nats_url, self.dsn, *folders)


@asynccontextmanager
async def town(nats_url: str, postgres_dsn: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setenv("TG_NATS__URL", nats_url)
    monkeypatch.setenv("TG_POSTGRES__DSN", postgres_dsn)
    monkeypatch.setenv("TG_INGESTOR__ERASURE_SETTLE_S", "0.5")
    composition = Composition(folder / "data", import_roots=(folder,), export_roots=(folder,))
    async with running(composition) as system, open_client(system.url) as client:
        yield Town(system, client, folder, nats_url, postgres_dsn)


async def test_an_erased_text_is_nowhere_and_comes_back_from_nowhere(
    nats_url: str, postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(nats_url, postgres_dsn, tmp_path, monkeypatch) as place:
        await place.read("first")
        await place.comment()
        await place.read("second", edited=True)
        before = await place.places(place.out("second"))
        await assert_the_word_was_everywhere(place, before)

        await place.erase([*ERASED, COMMENT])
        assert await place.places(await place.export("fresh")) == set()
        assert files_with(WORD, *(tmp_path / "nats-data").rglob("TG_EVT")) == set()
        await assert_the_others_are_still_there(place)

        await place.rebuild()
        assert await place.places(await place.export("rebuilt")) == set()
        await assert_the_others_are_still_there(place)

        again = await place.read("third", edited=True)
        assert again["stages"]["process"]["expected"] == len(posts(edited=True)) - len(ERASED)
        await place.erase(ERASED[:2])
        assert await place.places(place.out("third")) == set()


async def assert_the_word_was_everywhere(place: Town, found: set[str]) -> None:
    """Otherwise it would be no wonder that it is nowhere later."""
    kinds = {name.split(" ")[1].rsplit(".", 2)[0] for name in found if name.startswith("TG_EVT")}
    assert kinds >= {"tg.evt.message.ingested", "tg.evt.message.edited", "tg.evt.message.processed"}
    assert kinds & {"tg.evt.topic.opened", "tg.evt.topic.updated"}
    assert any(name.startswith("TG_DLQ") for name in found)
    assert any(name.startswith("object originals/") for name in found)
    tables = {name for name in found if name.startswith("table ")}
    assert tables >= {
        "table processor.answer",
        "table topicizer.document",
        "table topicizer.topic",
        "table exporter.topic",
    }
    assert {"table exporter.outcome"} <= tables
    assert files_with(WORD, place.out("second"))


async def assert_the_others_are_still_there(place: Town) -> None:
    """What was told together with an erased message, and topics it belonged to."""
    documents = {fact.source_ref for fact in await place.facts(MessageProcessed)}
    assert documents == {f"tg:{CHANNEL}:post:{number}" for number in (4, 5, 6, 7, 8)}
    topics = {fact.topic_id: fact.card for kind in (TopicOpened, TopicUpdated) for fact in await place.facts(kind)}
    members = {ref for card in topics.values() for ref in card.sources}
    assert members >= {f"tg:{CHANNEL}:post:{number}" for number in (4, 5)}
    assert all(card.title for card in topics.values())
    assert await place.facts(RegroupCommitted)
