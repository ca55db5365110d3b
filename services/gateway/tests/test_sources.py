"""Registered sources over REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts.messages import ChannelObserved
from tg_parser.contracts.sources import GapDetected, SourceRead
from tg_parser.contracts.workflows import WorkflowRequested
from tg_parser.gateway.main import Gateway, build
from tg_parser.gateway.settings import GatewaySettings

pytestmark = pytest.mark.servers

NEWS: dict[str, Any] = {
    "id": "news",
    "source": {"kind": "web_preview", "location": "news_of_the_town"},
    "follow_every": 60,
}
Served = tuple[Gateway, httpx.AsyncClient]


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


async def until(client: httpx.AsyncClient, state: str) -> dict[str, Any]:
    """The source, once it is in this state."""
    async with asyncio.timeout(10):
        while True:
            shown: dict[str, Any] = (await client.get("/api/v1/sources/news")).json()
            if shown["state"] == state:
                return shown
            await asyncio.sleep(0.02)


async def test_a_source_is_there_as_soon_as_it_was_added_and_can_be_changed(served: Served) -> None:
    _, client = served
    added = await client.post("/api/v1/sources", json=NEWS)
    assert added.status_code == 201
    assert (added.json()["state"], added.json()["follow_every"]) == ("new", 60)
    assert added.json()["spec"]["source_id"] == "news"
    await client.post("/api/v1/sources", json={**NEWS, "follow_every": 120})
    (listed,) = (await client.get("/api/v1/sources")).json()
    assert listed["follow_every"] == 120


async def test_a_source_is_paused_resumed_and_removed(served: Served) -> None:
    _, client = served
    await client.post("/api/v1/sources", json=NEWS)
    assert (await client.post("/api/v1/sources/news/pause")).json()["state"] == "paused"
    assert (await client.post("/api/v1/sources/news/runs", json={})).status_code == 409
    assert (await client.post("/api/v1/sources/news/resume")).json()["state"] == "new"
    assert (await client.delete("/api/v1/sources/news")).status_code == 204
    assert (await client.get("/api/v1/sources/news")).status_code == 404
    assert (await client.get("/api/v1/sources")).json() == []
    assert (await client.post("/api/v1/sources", json=NEWS)).json()["state"] == "new"


async def test_what_went_wrong_with_a_source_is_seen_until_somebody_resumes_it(served: Served) -> None:
    gateway, client = served
    await client.post("/api/v1/sources", json=NEWS)
    refused = SourceRead(
        source_id="news", at=gateway.chassis.clock(), state="refused", cause="private", detail="It is private."
    )
    await gateway.chassis.facts.tell(refused)
    shown = await until(client, "refused")
    assert (shown["cause"], shown["detail"]) == ("private", "It is private.")
    assert (await client.post("/api/v1/sources/news/resume")).json()["state"] == "new"


async def test_a_pause_telegram_asked_for_is_seen_with_the_moment_it_ends(served: Served) -> None:
    gateway, client = served
    await client.post("/api/v1/sources", json=NEWS)
    now = gateway.chassis.clock()
    ends = now + timedelta(seconds=20_000)
    await gateway.chassis.facts.tell(
        SourceRead(source_id="news", at=now, state="parked", detail="A pause of 20000 s.", until=ends)
    )
    shown = await until(client, "parked")
    assert datetime.fromisoformat(shown["until"]) == ends
    assert shown["detail"] == "A pause of 20000 s."


async def test_a_source_shows_its_channels_and_what_is_missing_of_them(served: Served) -> None:
    gateway, client = served
    facts = gateway.chassis.facts
    await facts.tell(
        ChannelObserved(channel_id="77", title="Новости", channel_type="channel", username="n", source_kind="td_json")
    )
    await facts.tell(GapDetected(channel_id="77", first=5, last=9))
    read = SourceRead(source_id="news", at=gateway.chassis.clock(), state="ready", channel_ids=("77",), messages=12)
    await client.post("/api/v1/sources", json=NEWS)
    await facts.tell(read)
    shown = await until(client, "ready")
    assert shown["channels"] == [{"id": "77", "title": "Новости", "username": "n", "gaps": [[5, 9]]}]
    assert shown["messages"] == 12


async def test_a_registered_source_is_read_as_a_workflow(served: Served) -> None:
    gateway, client = served
    await client.post("/api/v1/sources", json=NEWS)
    body = {"mode": "snapshot", "limit": 50}
    first = await client.post("/api/v1/sources/news/runs", json=body, headers={"Idempotency-Key": "k"})
    again = await client.post("/api/v1/sources/news/runs", json=body, headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.json()["id"]) == (202, again.json()["id"])
    asked = (await gateway.chassis.log.load(first.json()["id"]))[0].message
    assert isinstance(asked, WorkflowRequested)
    assert asked.source is not None
    assert (asked.source.source_id, asked.source.mode, asked.source.limit) == ("news", "snapshot", 50)
    assert (await client.get("/api/v1/sources/news")).json()["last_run"] == first.json()["id"]
    assert (await client.post("/api/v1/sources/other/runs", json=body)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {**NEWS, "id": "a.b"},
        {**NEWS, "source": {"kind": "td_json", "location": "/x/result.json"}},
        {**NEWS, "follow_every": 1},
        {**NEWS, "source": {"kind": "web_preview", "location": "x", "channel_id": "abc"}},
    ],
)
async def test_a_source_that_makes_no_sense_is_refused(served: Served, body: dict[str, Any]) -> None:
    _, client = served
    answer = await client.post("/api/v1/sources", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
