"""When progress is worth an event: at most one for each tenth or half minute, and ever fewer the longer a stage takes.

A workflow's log holds 5000 events. A stage of a week that told of itself every half minute would fill it four times.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tg_parser.orchestrator.domain.commands import RecordProgress
from tg_parser.orchestrator.domain.state import StageState

SHORTEST: Final = timedelta(seconds=30)
SHARE_OF_AGE: Final = 20
"""Progress is told when a twentieth of the stage's age has passed since it was last told: some 150 times in a week."""


def worth_telling(command: RecordProgress, stage: StageState, now: datetime) -> bool:
    """Whether `command` says enough more than the last event did."""
    before = _settled(stage)
    if command.settled <= before:
        return False
    if command.expected and 10 * command.settled // command.expected > 10 * before // command.expected:
        return True
    last = stage.progress.at if stage.progress else stage.started.at
    return now - last >= max(SHORTEST, (now - stage.started.at) / SHARE_OF_AGE)


def _settled(stage: StageState) -> int:
    last = stage.progress
    return last.done + last.failed + last.skipped if last else 0
