"""How fast every projection comes back from the log."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tg_parser.chassis.projector import Projector
from tg_parser.cli.all_in_one import Composition, running
from tg_parser.contracts import subjects

ENOUGH = 1000
"""Facts below which a rate says how long a projection takes to begin."""


async def rebuild_rates(data_dir: Path) -> dict[str, float]:
    """Events per second for each projection with ENOUGH facts alone, and for all of them at once under `together`."""
    async with running(Composition(data_dir)) as system:
        projectors = [projector for service in system.services for projector in service.projectors]
        facts = [projector for projector in projectors if projector.stream == subjects.FACTS]
        large = [projector for projector in facts if await _folded(projector) >= ENOUGH]
        rates = {projector.name: await _rate([projector]) for projector in large}
        rates["together"] = await _rate(facts)
    return rates


async def _folded(projector: Projector) -> int:
    """How many facts of this log are its own."""
    before = projector.folded
    await _rebuilt(projector)
    return projector.folded - before


async def _rate(projectors: list[Projector]) -> float:
    before = {projector.name: projector.folded for projector in projectors}
    started = time.perf_counter()
    await asyncio.gather(*(_rebuilt(projector) for projector in projectors))
    elapsed = time.perf_counter() - started
    return sum(projector.folded - before[projector.name] for projector in projectors) / elapsed


async def _rebuilt(projector: Projector) -> None:
    goal = projector.position
    await projector.rebuild()
    await projector.wait_for(goal, timeout=600)
