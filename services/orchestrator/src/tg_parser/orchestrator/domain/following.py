"""When a followed source is looked at. Pure: what is known of the source and of its last look decides.

A source that Telegram or its owner keeps from us is left alone until somebody says otherwise: asking again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import (
    SourceAdded,
    SourceHinted,
    SourcePaused,
    SourceRead,
    SourceRemoved,
    SourceResumed,
    SourceRunStarted,
)

HINTS_GATHER: Final = timedelta(seconds=2)
"""Between a hint and the look at it: an album is several hints."""
BUSY_AGAIN: Final = timedelta(seconds=30)
"""When a look that fell into the last one's time is tried again, at most."""

Because = Literal["added", "schedule", "hint"]


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source: the fold of what was told about it."""

    added: SourceAdded | None = None
    paused: bool = False
    removed: bool = False
    refused: bool = False
    last_run: str = ""

    @property
    def followed(self) -> bool:
        """Whether somebody wants it looked at without being asked, and nothing stands in the way."""
        wanted = self.added is not None and self.added.follow_every is not None
        return wanted and not (self.paused or self.removed or self.refused)


@dataclass(frozen=True, slots=True)
class Look:
    """Begin this workflow now. The id is the same whoever decides it, and however often."""

    workflow_id: str
    spec: SourceSpec
    because: Because


@dataclass(frozen=True, slots=True)
class Wake:
    """Decide again at `at`; what was planned before is replaced."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Decide again at `at`, unless something is planned: somebody read by hand what had been left alone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Forget:
    """Plan nothing."""


Step = Look | Wake | Plan | Forget


def fold(told: Iterable[Message]) -> Source:
    """What is told about one source, in the order of the log, adds up to this."""
    state = Source()
    for fact in told:
        state = _evolve(state, fact)
    return state


def _evolve(state: Source, fact: Message) -> Source:
    match fact:
        case SourceAdded():
            state = replace(state, added=fact, removed=False, refused=False)
        case SourcePaused():
            state = replace(state, paused=True)
        case SourceResumed():
            state = replace(state, paused=False, refused=False)
        case SourceRemoved():
            state = replace(state, removed=True, paused=False)
        case SourceRead():
            state = replace(state, refused=fact.state == "refused")
        case SourceRunStarted():
            state = replace(state, last_run=fact.workflow_id)
        case _:
            pass
    return state


def changed(fact: Message, state: Source, now: datetime) -> Step | None:
    """What follows from a fact about a source; None: nothing."""
    match fact:
        case SourceAdded() | SourceResumed():
            return Wake(now) if state.followed else Forget()
        case SourcePaused() | SourceRemoved():
            return Forget()
        case SourceHinted() if state.followed:
            return Wake(now + HINTS_GATHER)
        case SourceRead():
            return Plan(now + timedelta(seconds=_every(state))) if state.followed else Forget()
        case _:
            return None


def due(state: Source, fired: str, now: datetime, *, busy: bool) -> tuple[Step, ...]:
    """What to do when the time of a look has come. `fired` names the timer; `busy`: the last look is not over."""
    if not state.followed or state.added is None:
        return (Forget(),)
    every = timedelta(seconds=_every(state))
    if busy:
        return (Wake(now + min(every, BUSY_AGAIN)),)
    spec = state.added.spec.model_copy(update={"source_id": state.added.source_id, "mode": "incremental"})
    workflow_id = deterministic_id("look", state.added.source_id, fired)
    return Look(workflow_id, spec, "schedule" if state.last_run else "added"), Wake(now + every)


def _every(state: Source) -> int:
    """Seconds between two looks."""
    return (state.added.follow_every if state.added else None) or 0
