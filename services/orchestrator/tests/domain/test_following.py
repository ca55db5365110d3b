"""When followed sources are looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

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
from tg_parser.orchestrator.domain.following import (
    BUSY_AGAIN,
    HINTS_GATHER,
    Forget,
    Look,
    Plan,
    Source,
    Wake,
    changed,
    due,
    fold,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPEC = SourceSpec(kind="web_preview", location="news")
ADDED = SourceAdded(source_id="news", at=NOW, spec=SPEC, follow_every=300)
PAUSED = SourcePaused(source_id="news", at=NOW)
RESUMED = SourceResumed(source_id="news", at=NOW)
REMOVED = SourceRemoved(source_id="news", at=NOW)
REFUSED = SourceRead(source_id="news", at=NOW, state="refused", cause="private")
READY = SourceRead(source_id="news", at=NOW, state="ready")
PARKED = SourceRead(source_id="news", at=NOW, state="parked", cause="parked")
HINT = SourceHinted(source_id="news", at=NOW)
STARTED = SourceRunStarted(source_id="news", at=NOW, workflow_id="w1", because="schedule")


def after(*told: Message) -> Source:
    return fold(told)


@pytest.mark.parametrize(
    ("told", "followed"),
    [
        ([], False),
        ([ADDED], True),
        ([ADDED.model_copy(update={"follow_every": None})], False),
        ([ADDED, PAUSED], False),
        ([ADDED, PAUSED, RESUMED], True),
        ([ADDED, REMOVED], False),
        ([ADDED, REMOVED, ADDED], True),
        ([ADDED, REFUSED], False),
        ([ADDED, REFUSED, RESUMED], True),
        ([ADDED, REFUSED, ADDED], True),
        ([ADDED, PAUSED, ADDED], False),
        ([ADDED, PARKED], True),
    ],
)
def test_a_source_is_followed_if_somebody_wants_it_and_nothing_stands_in_the_way(
    told: list[Message], followed: bool
) -> None:
    assert fold(told).followed is followed


def test_a_new_source_is_looked_at_at_once_and_then_at_its_pace() -> None:
    assert changed(ADDED, after(ADDED), NOW) == Wake(NOW)
    look, wake = due(after(ADDED), "7", NOW, busy=False)
    assert isinstance(look, Look)
    assert (look.spec.mode, look.spec.source_id, look.because) == ("incremental", "news", "added")
    assert wake == Wake(NOW + timedelta(seconds=300))


def test_a_timer_heard_twice_is_one_look() -> None:
    assert due(after(ADDED), "7", NOW, busy=False)[0] == due(after(ADDED), "7", NOW, busy=False)[0]
    one, other = (due(after(ADDED), fired, NOW, busy=False)[0] for fired in ("7", "8"))
    assert isinstance(one, Look)
    assert isinstance(other, Look)
    assert one.workflow_id != other.workflow_id


def test_looks_do_not_pile_up() -> None:
    assert due(after(ADDED, STARTED), "8", NOW, busy=True) == (Wake(NOW + BUSY_AGAIN),)


def test_a_hint_brings_the_next_look_forward_but_only_of_a_followed_source() -> None:
    assert changed(HINT, after(ADDED, STARTED), NOW) == Wake(NOW + HINTS_GATHER)
    assert changed(HINT, after(ADDED, PAUSED), NOW) is None


@pytest.mark.parametrize("stop", [PAUSED, REMOVED, REFUSED])
def test_what_stops_following_takes_the_next_look_away(stop: Message) -> None:
    state = after(ADDED, stop)
    assert changed(stop, state, NOW) == Forget()
    assert due(state, "9", NOW, busy=False) == (Forget(),)


def test_a_source_that_answers_again_is_followed_again() -> None:
    assert changed(READY, after(ADDED, READY), NOW) == Plan(NOW + timedelta(seconds=300))
    assert changed(RESUMED, after(ADDED, REFUSED, RESUMED), NOW) == Wake(NOW)
