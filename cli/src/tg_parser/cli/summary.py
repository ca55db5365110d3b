"""The end of a run, for a person: what was read, understood, left out and why, which topics there are, what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

TOPICS_SHOWN = 15
REJECTED_SHOWN = 5


def summarise(status: dict[str, Any], out: Path) -> dict[str, Any]:
    """The summary as data, from the workflow's status and the files it wrote."""
    ingest, process = (status["stages"].get(name) or {} for name in ("ingest", "process"))
    manifest = _json(out / "manifest.json") or {}
    topics = _json(out / "topics.json") or []
    sizes = manifest.get("topic_sizes") or {}
    return {
        "workflow_id": status["id"],
        "state": status["state"],
        "error": status.get("error"),
        "messages_read": process.get("expected") or ingest.get("expected") or 0,
        "processed": process.get("done") or 0,
        "skipped": process.get("skipped_by_reason") or {},
        "failed": process.get("failed") or 0,
        "rejected": manifest.get("rejected") or [],
        "topics": [
            {"id": topic["id"], "title": topic["title"], "size": sizes.get(topic["id"], len(topic["sources"]))}
            for topic in topics
        ],
        "files": [artifact["name"] for artifact in manifest.get("files") or []],
        "out": str(out),
        "seconds": round((status.get("duration_ms") or 0) / 1000, 1),
        "cost_usd": round((status.get("cost_micros") or 0) / 1_000_000, 6),
    }


def rejected_in(out: Path, workflow_id: str) -> list[dict[str, Any]]:
    """What a workflow could not read, as the manifest in a folder lists it."""
    manifest = _json(out / "manifest.json") or {}
    return [entry for entry in manifest.get("rejected") or [] if entry["workflow_id"] == workflow_id]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def show(console: Console, summary: dict[str, Any]) -> None:
    """Print the summary."""
    skipped = sum(summary["skipped"].values())
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(summary["skipped"].items()))
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_row("messages read", f"{summary['messages_read']:,}")
    facts.add_row("processed", f"{summary['processed']:,}")
    facts.add_row("skipped", f"{skipped:,}" + (f"  ({reasons})" if reasons else ""))
    if summary["failed"]:
        facts.add_row("failed", f"{summary['failed']:,}  (dead-lettered; see `tg-parser workflows show`)")
    if summary["rejected"]:
        facts.add_row("rejected input", f"{len(summary['rejected']):,}")
    facts.add_row("topics", f"{len(summary['topics']):,}")
    facts.add_row("files written", f"{len(summary['files']):,} in {escape(summary['out'])}")
    facts.add_row("seconds", f"{summary['seconds']:,}")
    facts.add_row("cost", f"${summary['cost_usd']:.4f}")
    console.print()
    console.print(facts, highlight=False)
    _show_rejected(console, summary["rejected"])
    _show_topics(console, summary["topics"])


def _show_rejected(console: Console, rejected: list[dict[str, Any]]) -> None:
    for entry in rejected[:REJECTED_SHOWN]:
        console.print(f"  - {escape(str(entry['reason']))}", highlight=False, soft_wrap=True)
    if len(rejected) > REJECTED_SHOWN:
        console.print(
            f"  - and {len(rejected) - REJECTED_SHOWN:,} more, all in manifest.json", highlight=False, soft_wrap=True
        )


def _show_topics(console: Console, topics: list[dict[str, Any]]) -> None:
    if not topics:
        return
    console.print("\nTopics", style="bold")
    largest = sorted(topics, key=lambda topic: (-topic["size"], topic["id"]))
    table = Table(box=None, pad_edge=False, show_header=False)
    for topic in largest[:TOPICS_SHOWN]:
        table.add_row(f"{topic['size']:>4}", escape(topic["title"]))
    console.print(table, highlight=False)
    if len(topics) > TOPICS_SHOWN:
        console.print(f"     and {len(topics) - TOPICS_SHOWN:,} more in topics.json", highlight=False, soft_wrap=True)
