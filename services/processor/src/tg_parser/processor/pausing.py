"""When a workflow needs a person: said once in a while, not once per message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tg_parser.contracts.documents import ProcessingPaused
from tg_parser.llm.errors import BudgetExceededError, ModelError, ModelUnavailableError
from tg_parser.processor.metrics import PAUSES

SAID_AGAIN_AFTER = timedelta(minutes=1)
"""A workflow resumed meanwhile may need to be paused anew; every processor that finds the same in one minute says the same."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Which workflows were said to need a person, and when."""

    _said: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def because_of(self, error: ModelError, workflow_id: str, now: datetime) -> ProcessingPaused | None:
        """The fact that follows from `error` for the workflow; None if nobody need act, or if it was just said."""
        reason = "budget" if isinstance(error, BudgetExceededError) else "model"
        if reason == "model" and not (isinstance(error, ModelUnavailableError) and error.needs_person):
            return None
        minute = now.replace(second=0, microsecond=0)
        if workflow_id in self._said and minute - self._said[workflow_id] < SAID_AGAIN_AFTER:
            return None
        self._said[workflow_id] = minute
        PAUSES.labels(reason).inc()
        return ProcessingPaused(reason=reason, detail=str(error)[:2000], at=minute)
