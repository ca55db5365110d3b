"""Starting the system for a test, and reading its log without its help."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import httpx
import nats
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy

from tg_parser.chassis.embedded import Endpoints, embedded_servers

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "telegram-export" / "result.json"
TG_PARSER = str(Path(sys.executable).with_name("tg-parser"))
SERVICES = ("ingestor", "orchestrator", "processor", "topicizer", "exporter", "gateway")
GIVE_UP = 120.0  # seconds for any one thing


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """What `--json` printed."""
        return dict(json.loads(self.stdout))


@dataclass(frozen=True, slots=True)
class Fact:
    """A message of the facts stream as bytes of JSON, read by a plain client."""

    seq: int
    type: str
    id: str
    workflow_id: str
    traceparent: str
    data: dict[str, Any]


class Runner(Protocol):
    """One way to run the system on a folder of its own."""

    out: Path
    data: Path

    async def run(self, export: Path, **environment: str) -> Outcome:
        """Take `export` through the whole pipeline."""
        ...


@dataclass
class OneProcess:
    """`tg-parser run FILE --out DIR`."""

    folder: Path
    out: Path = field(init=False)
    data: Path = field(init=False)
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.out, self.data = self.folder / "out", self.folder / "data"

    def command(self, export: Path) -> list[str]:
        """The command line."""
        return [
            TG_PARSER,
            "run",
            str(export),
            "--out",
            str(self.out),
            "--data-dir",
            str(self.data),
            "--json",
            *self.arguments,
        ]

    async def start(self, export: Path, **environment: str) -> asyncio.subprocess.Process:
        """The command, running."""
        return await asyncio.create_subprocess_exec(
            *self.command(export),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=self.folder,
        )

    async def run(self, export: Path, **environment: str) -> Outcome:
        """See Runner."""
        process = await self.start(export, **environment)
        stdout, stderr = await asyncio.wait_for(process.communicate(), GIVE_UP)
        return Outcome(process.returncode or 0, stdout.decode(), stderr.decode())


@dataclass
class ManyProcesses:
    """`python -m tg_parser.<service>` for each, asked through the gateway."""

    folder: Path
    out: Path = field(init=False)
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        self.out, self.data = self.folder / "out", self.folder / "data"

    async def run(self, export: Path, **environment: str) -> Outcome:
        """See Runner."""
        async with embedded_servers(self.data) as endpoints, self._services(endpoints, export, environment) as url:
            status = await requested(url, export, self.out)
        summary = {"workflow_id": status["id"], "state": status["state"], "error": status.get("error")}
        return Outcome({"completed": 0, "partial": 3}.get(status["state"], 1), json.dumps(summary), "")

    @contextlib.asynccontextmanager
    async def _services(self, endpoints: Endpoints, export: Path, extra: dict[str, str]) -> AsyncIterator[str]:
        port = free_port()
        environment = {
            **os.environ,
            **extra,
            "TG_NATS__URL": endpoints.nats_url,
            "TG_POSTGRES__DSN": endpoints.postgres_dsn,
            "TG_GATEWAY__PORT": str(port),
            "TG_INGESTOR__IMPORT_ROOTS": json.dumps([str(export.parent)]),
            "TG_EXPORTER__EXPORT_ROOTS": json.dumps([str(self.folder)]),
        }
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"tg_parser.{name}", env=environment, stderr=subprocess.DEVNULL
            )
            for name in SERVICES
        ]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            codes = await asyncio.wait_for(asyncio.gather(*(process.wait() for process in running)), GIVE_UP)
            assert codes == [0] * len(SERVICES), dict(zip(SERVICES, codes, strict=True))


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def requested(url: str, export: Path, out: Path) -> dict[str, Any]:
    """Ask the gateway for a run and wait for its end."""
    body = {
        "kind": "run",
        "source": {"kind": "td_json", "location": str(export)},
        "target": {"location": str(out)},
    }
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client, asyncio.timeout(GIVE_UP):
        await _healthy(client)
        accepted = (
            (await client.post("/api/v1/workflows", json=body, headers={"Idempotency-Key": "e2e"}))
            .raise_for_status()
            .json()
        )
        while True:
            status = (await client.get(f"/api/v1/workflows/{accepted['id']}")).raise_for_status().json()
            if status["state"] in {"completed", "partial", "failed", "cancelled"}:
                return dict(status)
            await asyncio.sleep(0.1)


async def _healthy(client: httpx.AsyncClient) -> None:
    """Ask until the gateway says that everything it needs answers."""
    async for attempt in attempts():
        del attempt
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/health")).is_success:
                return


async def attempts() -> AsyncIterator[int]:
    """One look after another, a little apart, for as long as somebody cares to look."""
    for number in itertools.count():
        yield number
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Inside:
    """What a finished run left: its facts, its workflow events, and a way to its tables."""

    facts: list[Fact]
    workflow_events: list[Fact]
    answers: int
    jobs_left: int


async def look_inside(data: Path) -> Inside:
    """Start only the servers on a data directory and read everything with plain clients."""
    async with embedded_servers(data) as endpoints:
        client = await nats.connect(endpoints.nats_url)
        try:
            jetstream = client.jetstream()
            jobs = await jetstream.stream_info("TG_JOB")
            inside = Inside(
                facts=await _read(client, "TG_EVT"),
                workflow_events=await _read(client, "TG_WF"),
                answers=await _count(endpoints.postgres_dsn, "SELECT count(*) FROM processor.answer"),
                jobs_left=jobs.state.messages,
            )
        finally:
            await client.close()
    return inside


async def _read(client: Client, stream: str) -> list[Fact]:
    jetstream = client.jetstream()
    expected = (await jetstream.stream_info(stream)).state.messages
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
    subject = {"TG_EVT": "tg.evt.>", "TG_WF": "tg.wf.>"}[stream]
    subscription = await jetstream.subscribe(subject, stream=stream, ordered_consumer=True, config=config)
    found: list[Fact] = []
    while len(found) < expected:
        message = await subscription.next_msg(timeout=10)
        headers = message.headers or {}
        found.append(
            Fact(
                message.metadata.sequence.stream,
                headers["ce-type"],
                headers["ce-id"],
                headers.get("ce-workflowid", ""),
                headers.get("traceparent", ""),
                json.loads(message.data),
            )
        )
    return found


async def _count(dsn: str, query: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()
