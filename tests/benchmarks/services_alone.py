"""The same run with one process per service: the kernel then tells what each hop costs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from processes import cpu_seconds

from tg_parser.chassis.embedded import embedded_servers

SERVICES = ("ingestor", "orchestrator", "processor", "topicizer", "exporter", "gateway")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def started(environment: dict[str, str]) -> AsyncIterator[dict[str, psutil.Process]]:
    """Each service as a process of its own."""
    running = {
        name: await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"tg_parser.{name}", env=environment, stderr=subprocess.DEVNULL
        )
        for name in SERVICES
    }
    try:
        yield {name: psutil.Process(process.pid) for name, process in running.items()}
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            await asyncio.wait_for(process.wait(), 30)


async def settled(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """Request a workflow and wait for its end."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/health")).status_code == 200:
                break
        await asyncio.sleep(0.05)
    accepted = (await client.post("/api/v1/workflows", json=body)).raise_for_status().json()
    while True:
        status = (await client.get(f"/api/v1/workflows/{accepted['id']}")).raise_for_status().json()
        if status["state"] in {"completed", "partial", "failed"}:
            return dict(status)
        await asyncio.sleep(0.2)


async def cpu_per_hop(folder: Path, export: Path) -> dict[str, float]:
    """CPU seconds of each service and server for one run of `export`, start-up left out."""
    port = free_port()
    async with embedded_servers(folder / "data") as endpoints:
        environment = {
            **os.environ,
            "TG_NATS__URL": endpoints.nats_url,
            "TG_POSTGRES__DSN": endpoints.postgres_dsn,
            "TG_GATEWAY__PORT": str(port),
            "TG_INGESTOR__IMPORT_ROOTS": f'["{export.parent}"]',
            "TG_EXPORTER__EXPORT_ROOTS": f'["{folder}"]',
            "TG_LLM__PROVIDER": "instant",
        }
        async with (
            started(environment) as services,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            servers = {server.name: psutil.Process(server.pid) for server in endpoints.servers}
            watched = {**services, **servers}
            await settled(client, {"kind": "export", "target": {"location": str(folder / "empty")}})
            await asyncio.sleep(1)  # let start-up settle, so that it is not counted
            before = {name: cpu_seconds(process) for name, process in watched.items()}
            began = time.perf_counter()
            body = {
                "kind": "run",
                "source": {"kind": "td_json", "location": str(export)},
                "target": {"location": str(folder / "out")},
            }
            await settled(client, body)
            wall = time.perf_counter() - began
            spent = {name: cpu_seconds(process) - before[name] for name, process in watched.items()}
    return {**spent, "wall": wall}
