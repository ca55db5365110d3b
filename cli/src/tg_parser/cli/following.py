"""Following a workflow to its end and showing how it goes: counts, rate and time left for each stage."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from tg_parser.cli.client import GatewayClient

STAGES = ("ingest", "process", "topicize", "export")
SETTLED = frozenset({"completed", "partial", "failed", "cancelled"})
PAUSED = "paused"
POLL_EVERY = 0.25  # seconds between looks
PLAIN_EVERY = 2.0  # seconds between lines where nobody watches a terminal
RATE_OVER = 10.0  # seconds the rate is measured over
SETTLES_AFTER = 1.0  # seconds before a rate says anything


@dataclass(slots=True)
class Rate:
    """How fast a number grows, over the last seconds."""

    clock: Callable[[], float] = time.monotonic
    _seen: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def observe(self, count: int) -> float:
        """Take note of `count`; its growth per second."""
        now = self.clock()
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[0][0] > RATE_OVER:
            self._seen.popleft()
        started, first = self._seen[0]
        return (count - first) / (now - started) if now - started >= SETTLES_AFTER else 0.0


class Display(Protocol):
    """Where progress is shown."""

    def show(self, status: dict[str, Any]) -> None:
        """Show how the workflow stands now."""
        ...


def settled_count(stage: dict[str, Any]) -> int:
    """Messages of a stage that have their outcome."""
    return int(stage.get("done") or 0) + int(stage.get("failed") or 0) + int(stage.get("skipped") or 0)


def stage_line(name: str, stage: dict[str, Any], rate: float) -> tuple[str, str, str, str, str]:
    """Name, state, counts, rate and time left, as words."""
    settled, expected = settled_count(stage), stage.get("expected")
    counts = (
        ""
        if not settled and expected is None
        else f"{settled:,}" + (f" of {expected:,}" if expected is not None else "")
    )
    running = stage.get("state") == "running"
    left = (expected - settled) / rate if running and expected and rate > 0 else None
    return (
        name,
        str(stage.get("state", "pending")),
        counts,
        f"{rate:,.0f}/s" if running and rate else "",
        f"{left:.0f} s left" if left else "",
    )


class LiveDisplay:
    """A table that redraws itself, for a terminal."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._rates = {name: Rate() for name in STAGES}

    def show(self, status: dict[str, Any]) -> None:
        """See the port."""
        self._live.update(self._table(status))

    def _table(self, status: dict[str, Any]) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name in STAGES:
            stage = status["stages"].get(name)
            if stage is not None:
                table.add_row(*stage_line(name, stage, self._rates[name].observe(settled_count(stage))))
        return table


class PlainDisplay:
    """A line now and then, for a log."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._rates = {name: Rate(clock) for name in STAGES}
        self._shown: dict[str, tuple[str, float]] = {}

    def show(self, status: dict[str, Any]) -> None:
        """See the port."""
        for name in STAGES:
            stage = status["stages"].get(name)
            if stage is not None and stage.get("state") != "pending":
                self._show_stage(name, stage)

    def _show_stage(self, name: str, stage: dict[str, Any]) -> None:
        line = "  ".join(
            part for part in stage_line(name, stage, self._rates[name].observe(settled_count(stage))) if part
        )
        state, shown_at = self._shown.get(name, ("", 0.0))
        changed = state != stage["state"]
        if changed or (stage["state"] == "running" and self._clock() - shown_at >= PLAIN_EVERY):
            self._shown[name] = (str(stage["state"]), self._clock())
            self._console.print(line, highlight=False, soft_wrap=True)


async def follow(client: GatewayClient, workflow_id: str, display: Display) -> dict[str, Any]:
    """Show the workflow until it is settled, or paused until somebody does something; its last status."""
    while True:
        status = await client.workflow(workflow_id)
        display.show(status)
        if status["state"] in SETTLED or status["state"] == PAUSED:
            return status
        await asyncio.sleep(POLL_EVERY)


async def followed(client: GatewayClient, workflow_id: str, console: Console) -> dict[str, Any]:
    """Show the workflow until it is settled, as a terminal or a log wants it; its last status."""
    if not console.is_terminal:
        return await follow(client, workflow_id, PlainDisplay(console))
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        return await follow(client, workflow_id, LiveDisplay(live))
