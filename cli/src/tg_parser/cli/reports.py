"""What `status`, `workflows` and `export` say."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tg_parser.cli.all_in_one import Composition
from tg_parser.cli.client import open_client
from tg_parser.cli.following import PlainDisplay, follow, settled_count
from tg_parser.cli.instance import announced_url, gateway_of


async def status(data_dir: Path) -> dict[str, Any]:
    """Whether a system runs on `data_dir`; asks it, and starts nothing."""
    url = announced_url(data_dir)
    if url is None:
        return {"running": False, "url": None, "data_dir": str(data_dir), "health": {}}
    async with open_client(url) as client:
        try:
            health = await client.health()
        except httpx.HTTPError:
            return {"running": False, "url": None, "data_dir": str(data_dir), "health": {}}
    return {"running": True, "url": url, "data_dir": str(data_dir), "health": health}


def show_status(console: Console, found: dict[str, Any]) -> None:
    """For a person."""
    if not found["running"]:
        console.print(
            f"Nothing is running on {found['data_dir']}. `tg-parser up` starts it.", highlight=False, soft_wrap=True
        )
        return
    console.print(
        f"Running at {found['url']}: {found['health'].get('status', 'unknown')}", highlight=False, soft_wrap=True
    )
    for name, answers in sorted(found["health"].get("checks", {}).items()):
        console.print(f"  {'ok     ' if answers else 'MISSING'}  {name}", highlight=False, soft_wrap=True)


async def workflows(data_dir: Path, limit: int) -> list[dict[str, Any]]:
    """The newest workflows, from the running system or from one started to be asked."""
    async with gateway_of(Composition(data_dir)) as client:
        return await client.workflows(limit=limit)


async def workflow(data_dir: Path, workflow_id: str) -> dict[str, Any]:
    """One workflow."""
    async with gateway_of(Composition(data_dir)) as client:
        return await client.workflow(workflow_id)


def show_workflows(console: Console, found: list[dict[str, Any]]) -> None:
    """For a person."""
    if not found:
        console.print(
            "There are no workflows yet. `tg-parser run FILE --out DIR` starts one.", highlight=False, soft_wrap=True
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "kind", "state", "requested"):
        table.add_column(heading)
    for entry in found:
        table.add_row(entry["id"], entry["kind"], entry["state"], str(entry.get("requested_at") or ""))
    console.print(table, highlight=False)


def show_workflow(console: Console, found: dict[str, Any]) -> None:
    """For a person."""
    console.print(f"{found['id']}  {found['kind']}  {found['state']}", highlight=False, soft_wrap=True)
    if found.get("error"):
        console.print(f"  {escape(str(found['error']))}", highlight=False, soft_wrap=True)
    for name, stage in found["stages"].items():
        expected = f" of {stage['expected']:,}" if stage.get("expected") is not None else ""
        console.print(
            f"  {name:<10} {stage['state']:<10} {settled_count(stage):,}{expected}", highlight=False, soft_wrap=True
        )


async def export(data_dir: Path, out: Path, *, pretty: bool, console: Console) -> dict[str, Any]:
    """Write the knowledge base as it stands; the export's workflow when it is settled."""
    async with gateway_of(Composition(data_dir, export_roots=(out,))) as client:
        body = {"kind": "export", "target": {"location": str(out), "pretty": pretty}, "lane": "interactive"}
        accepted = await client.request_workflow(body, key=str(uuid.uuid4()))
        return await follow(client, accepted["id"], PlainDisplay(console))
