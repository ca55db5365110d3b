from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.workflows import WorkflowCompleted, WorkflowStarted
from tg_parser.gateway.main import Gateway, build
from tg_parser.gateway.settings import GatewaySettings

pytestmark = pytest.mark.servers

RUN: dict[str, Any] = {
    "kind": "run",
    "source": {"kind": "td_json", "location": "/exports/result.json"},
    "target": {"location": "/out"},
}


@asynccontextmanager
async def running(
    nats: NatsSettings, postgres: PostgresSettings, **settings: Any
) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    chosen = GatewaySettings(nats=nats, postgres=postgres, telemetry=TelemetrySettings(), port=0, **settings)
    async with build(chosen) as gateway:
        stop = asyncio.Event()
        task = asyncio.create_task(gateway.run(stop))
        await gateway.ready()
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
            yield gateway, client
        stop.set()
        await task


@pytest_asyncio.fixture(loop_scope="session")
async def served(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings
) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    async with running(nats_settings, postgres_settings) as found:
        yield found


Served = tuple[Gateway, httpx.AsyncClient]


async def test_a_workflow_is_accepted_once_however_often_it_is_asked_for(served: Served) -> None:
    gateway, client = served
    first, second = [
        await client.post("/api/v1/workflows", json=RUN, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"] == f"/api/v1/workflows/{first.json()['id']}"
    assert await gateway.chassis.log.last_seq(subjects.WORKFLOWS) == 1


async def test_a_key_that_was_used_for_something_else_is_refused(served: Served) -> None:
    _, client = served
    await client.post("/api/v1/workflows", json=RUN, headers={"Idempotency-Key": "k"})
    other = await client.post(
        "/api/v1/workflows", json={**RUN, "target": {"location": "/else"}}, headers={"Idempotency-Key": "k"}
    )
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "run", "target": {"location": "/out"}},
        {"kind": "dance", "target": {"location": "/out"}},
        {**RUN, "surprise": 1},
        {**RUN, "target": {"location": "x" * 5000}},
        {**RUN, "choice": {"model": "a model"}},
    ],
)
async def test_a_request_that_is_none_is_a_problem_with_pointers(served: Served, body: dict[str, Any]) -> None:
    _, client = served
    answer = await client.post("/api/v1/workflows", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/body")


async def test_a_body_that_is_too_large_is_refused_unread(served: Served) -> None:
    _, client = served
    answer = await client.post(
        "/api/v1/workflows", content=b"x" * 100_000, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["unknown", "a.b", "%2A", "x" * 200])
async def test_a_workflow_that_does_not_exist_is_not_found(served: Served, name: str) -> None:
    _, client = served
    answer = await client.get(f"/api/v1/workflows/{name}")
    assert answer.status_code == 404
    assert answer.json()["status"] == 404


async def test_a_finished_workflow_need_not_be_sent_twice(served: Served) -> None:
    gateway, client = served
    accepted = (await client.post("/api/v1/workflows", json=RUN)).json()
    now = datetime.now(UTC)
    events = [WorkflowStarted(at=now, code_version="test"), WorkflowCompleted(at=now, result="complete", duration_ms=1)]
    await gateway.chassis.log.append(accepted["id"], events, expected_seq=1)
    whole = await client.get(f"/api/v1/workflows/{accepted['id']}")
    again = await client.get(f"/api/v1/workflows/{accepted['id']}", headers={"If-None-Match": whole.headers["etag"]})
    assert (whole.status_code, whole.json()["state"], again.status_code) == (200, "completed", 304)


async def test_workflows_are_listed_newest_first_page_by_page(served: Served) -> None:
    gateway, client = served
    ids = [
        (await client.post("/api/v1/workflows", json=RUN, headers={"Idempotency-Key": str(number)})).json()["id"]
        for number in range(5)
    ]
    await gateway.projectors[0].wait_until_current(timeout=10)
    found: list[str] = []
    cursor = ""
    while True:
        page = (await client.get("/api/v1/workflows", params={"limit": 2, "cursor": cursor})).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert found == ids[::-1]
    assert (await client.get("/api/v1/workflows", params={"cursor": "nonsense"})).status_code == 400
    assert (await client.get("/api/v1/workflows", params={"limit": 1000})).status_code == 422


async def test_cancelling_is_recorded_once(served: Served) -> None:
    gateway, client = served
    accepted = (await client.post("/api/v1/workflows", json=RUN)).json()
    answers = [await client.post(f"/api/v1/workflows/{accepted['id']}/cancel") for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["cancelling", "cancelling"]
    assert await gateway.chassis.log.last_seq(subjects.WORKFLOWS) == 2


async def test_health_and_metrics_are_open_and_tell_the_truth(served: Served) -> None:
    _, client = served
    health = await client.get("/health")
    assert (health.status_code, health.json()["checks"]["postgres"]) == (200, True)
    await client.get("/api/v1/workflows/unknown")
    metrics = (await client.get("/metrics")).text
    assert 'tg_http_requests_total{method="GET",route="/api/v1/workflows/{workflow_id}",status="404"}' in metrics


async def test_with_keys_configured_every_call_of_the_api_needs_one(
    nats_settings: NatsSettings, postgres_settings: PostgresSettings
) -> None:
    digest = hashlib.sha256(b"open sesame").hexdigest()
    async with running(nats_settings, postgres_settings, api_keys=(digest,)) as (_, client):
        assert (await client.get("/health")).status_code == 200
        for key in ({}, {"X-API-Key": "wrong"}):
            assert (await client.get("/api/v1/workflows", headers=key)).status_code == 401
            assert (await client.post("/api/v1/workflows", json=RUN, headers=key)).status_code == 401
        assert (await client.get("/api/v1/workflows", headers={"X-API-Key": "open sesame"})).status_code == 200
