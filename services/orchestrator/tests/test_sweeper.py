from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tg_parser.orchestrator.ports import Scope
from tg_parser.orchestrator.sweeper import Sweeper

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class FakeLedger:
    """Messages with a job and no outcome: when each job was issued. `late` of them settle while the ledger catches up."""

    issued: dict[Scope, list[datetime]]
    queued: int = 0
    late: int = 0
    told: list[str] = field(default_factory=list[str])

    async def overdue(self, before: datetime) -> list[Scope]:
        return [scope for scope, times in self.issued.items() if any(at < before for at in times)]

    async def take_back(self, scope: Scope, before: datetime) -> int:
        lost = [at for at in self.issued[scope] if at < before]
        self.issued[scope] = [at for at in self.issued[scope] if at >= before]
        return len(lost)

    async def waiting(self, workflow_id: str) -> int:
        del workflow_id
        return self.queued

    async def current(self) -> None:
        for times in self.issued.values():
            del times[: self.late]

    def sweeper(self, now: datetime) -> Sweeper:
        return Sweeper(
            self, self, lambda: now, self.current, lambda: self.told.append("woken"), sweep_every_s=30, lost_after_s=60
        )


async def test_a_job_without_a_trace_is_taken_back_after_its_time() -> None:
    ledger = FakeLedger({("w1", 0): [NOW, NOW]})
    assert await ledger.sweeper(NOW + timedelta(seconds=59)).sweep() == 0
    assert await ledger.sweeper(NOW + timedelta(seconds=61)).sweep() == 2
    assert ledger.told == ["woken"]


async def test_a_slow_job_that_is_still_in_the_queue_is_not_lost() -> None:
    ledger = FakeLedger({("w1", 0): [NOW]}, queued=1)
    assert await ledger.sweeper(NOW + timedelta(hours=9)).sweep() == 0


async def test_an_outcome_the_ledger_has_not_heard_yet_is_waited_for() -> None:
    ledger = FakeLedger({("w1", 0): [NOW, NOW]}, late=2)
    assert await ledger.sweeper(NOW + timedelta(hours=9)).sweep() == 0
    assert ledger.told == []
