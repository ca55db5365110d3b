"""Which workflows have enough jobs in the queue, and after how many outcomes it is worth to look at them again."""

from __future__ import annotations


class Parked:
    """Workflows at their window. Each outcome counts one down; asking the database after each would cost more than the jobs."""

    def __init__(self) -> None:
        self._missing: dict[str, int] = {}

    def park(self, workflow_id: str, outcomes: int) -> None:
        """Leave the workflow alone until so many outcomes are in."""
        self._missing[workflow_id] = outcomes

    def holds(self, workflow_id: str) -> bool:
        """Whether it is to be left alone."""
        return workflow_id in self._missing

    def settled(self, workflow_id: str, outcomes: int) -> bool:
        """Count outcomes in; whether the workflow is worth a look again."""
        if workflow_id not in self._missing:
            return False
        self._missing[workflow_id] -= outcomes
        return self._missing[workflow_id] <= 0

    def clear(self) -> None:
        """Look at everything again."""
        self._missing.clear()
