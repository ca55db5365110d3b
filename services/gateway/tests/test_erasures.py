"""Erasures over REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.erasure import ChannelErasureRequested, ErasureRequested
from tg_parser.contracts.messages import MessageErased
from tg_parser.gateway.main import Gateway, build
from tg_parser.gateway.settings import GatewaySettings
from tg_parser.testkit.waiting import eventually

pytestmark = pytest.mark.servers

Served = tuple[Gateway, httpx.AsyncClient]
POSTS = ["tg:1:post:1", "tg:1:comment:2", "tg:chat7:post:3"]


@pytest_asyncio.fixture(loop_scope="session")
async def served(nats_settings: NatsSettings, postgres_settings: PostgresSettings) -> AsyncIterator[Served]:
    settings = GatewaySettings(nats=nats_settings, postgres=postgres_settings, telemetry=TelemetrySettings(), port=0)
    async with build(settings) as gateway:
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop))
        await gateway.ready()
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
            yield gateway, client
        stop.set()
        await task


async def requests(gateway: Gateway) -> list[ErasureRequested]:
    log = gateway.chassis.log
    page = await log.read_range(subjects.FACTS, subjects.fact_filter(ErasureRequested), from_seq=1, limit=50)
    return [entry.message for entry in page if isinstance(entry.message, ErasureRequested)]


async def erased(gateway: Gateway, *refs: str) -> None:
    await gateway.chassis.facts.tell_all([MessageErased(channel_id=ref.split(":")[1], source_ref=ref) for ref in refs])


async def done(client: httpx.AsyncClient, location: str) -> None:
    async def is_done() -> bool:
        return (await client.get(location)).json()["state"] == "done"

    await eventually(is_done)


async def test_an_erasure_is_asked_for_once_channel_by_channel_and_done_when_every_message_is(served: Served) -> None:
    gateway, client = served
    first, second = [
        await client.post("/api/v1/erasures", json={"source_refs": POSTS}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert (first.status_code, second.json()["id"]) == (202, first.json()["id"])
    location = first.headers["Location"]
    assert (first.json()["state"], first.json()["messages"], first.json()["erased"]) == ("requested", 3, 0)
    told = await requests(gateway)
    assert [(each.channel_id, each.source_refs, each.part, each.parts) for each in told] == [
        ("1", ("tg:1:post:1", "tg:1:comment:2"), 0, 2),
        ("chat7", ("tg:chat7:post:3",), 1, 2),
    ]
    await erased(gateway, *POSTS[:2])
    await eventually(lambda: counted(client, location, 2))
    assert (await client.get(location)).json()["state"] == "requested"
    await erased(gateway, POSTS[2])
    await done(client, location)


async def counted(client: httpx.AsyncClient, location: str, number: int) -> bool:
    return bool((await client.get(location)).json()["erased"] == number)


async def test_of_a_channel_it_is_not_known_how_much_there_is_until_the_ingestor_has_said_it(served: Served) -> None:
    gateway, client = served
    asked = (await client.post("/api/v1/erasures", json={"channel_id": "1"})).json()
    assert (asked["state"], asked["channel_id"], asked["messages"]) == ("requested", "1", None)
    page = await gateway.chassis.log.read_range(
        subjects.FACTS, subjects.fact_filter(ChannelErasureRequested), from_seq=1, limit=5
    )
    assert [entry.subject.rpartition(".")[2] for entry in page] == ["c1"]
    now = gateway.chassis.clock()
    parts = [
        ErasureRequested(erasure_id=asked["id"], channel_id="1", source_refs=(ref,), part=part, parts=2, at=now)
        for part, ref in enumerate(POSTS[:2])
    ]
    await gateway.chassis.facts.tell(parts[0])
    await erased(gateway, *POSTS[:2])
    await eventually(lambda: counted(client, f"/api/v1/erasures/{asked['id']}", 1))
    shown = (await client.get(f"/api/v1/erasures/{asked['id']}")).json()
    assert (shown["state"], shown["messages"]) == ("requested", None)
    await gateway.chassis.facts.tell(parts[1])
    await done(client, f"/api/v1/erasures/{asked['id']}")


UNCLEAR: list[dict[str, object]] = [
    {},
    {"source_refs": []},
    {"source_refs": ["tg:1:post:x"]},
    {"source_refs": ["tg:1:post:1\n"]},
    {"channel_id": "-1001"},
    {"channel_id": "1.>"},
    {"channel_id": "1", "source_refs": ["tg:1:post:1"]},
    {"source_refs": ["tg:1:post:1"] * 1001},
]


async def test_what_is_not_clear_is_refused(served: Served) -> None:
    gateway, client = served
    answers = [await client.post("/api/v1/erasures", json=body) for body in UNCLEAR]
    assert [answer.status_code for answer in answers] == [422] * len(UNCLEAR)
    assert await requests(gateway) == []


async def test_an_erasure_nobody_asked_for_is_not_found(served: Served) -> None:
    _, client = served
    assert (await client.get("/api/v1/erasures/none")).status_code == 404
