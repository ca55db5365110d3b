"""Where a reading stands: what a resumed one has to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from tg_parser.ingestor.adapters.preview.steps import Step
from tg_parser.ingestor.coverage import united

RECENT: Final = timedelta(hours=48)
"""Posts as young as this beside the newest one are looked at again, for their edits and counters."""


class Mark(BaseModel):
    """The next request asks for posts below `before`; the first `skip` messages of its first post were told already.

    `untold`: below which id not everything was told, where that is not `before`: the first post is not complete.
    `older`: the last page said that there are such posts. `newest` and `oldest`: when the first and the last post so far were
    posted.
    """

    model_config = ConfigDict(frozen=True)

    channel_id: str
    before: int
    skip: int = 0
    untold: int | None = None
    older: bool = False
    newest: AwareDatetime | None = None
    oldest: AwareDatetime | None = None

    @property
    def recent(self) -> bool:
        """Whether the last post so far is young enough for the one before it to be looked at again."""
        return self.newest is None or self.oldest is None or self.oldest > self.newest - RECENT

    def after(self, step: Step, untold: int) -> Mark:
        """Where a reading stands once this message was told, and of the posts before it all that is not below `untold`."""
        if step.completes:
            return self.model_copy(update={"before": step.widget.first, "oldest": step.widget.date or self.oldest})
        partly = {"before": step.widget.first + 1, "skip": step.number + 1, "untold": untold}
        return self.model_copy(update=partly)


def mark_of(resume: str) -> Mark | None:
    """The mark of an earlier page; None at the beginning."""
    return Mark.model_validate_json(resume) if resume else None


def next_before(coverage: Sequence[tuple[int, int]], before: int) -> int:
    """Below which id to go on reading, leaving out what is covered directly below `before`; 1 if nothing is left."""
    for first, last in reversed(united(coverage)):
        if first < before <= last + 1:
            before = first
    return before
