from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.exports.stretches import Stretches
from tg_parser.ingestor.coverage import united

Event = tuple[str, int]
EVENTS = st.lists(st.tuples(st.sampled_from(["shown", "missed", "lost", "passed"]), st.integers(-3, 30)))


def follow(events: Sequence[Event], taken_every: int, *, whole: bool = True) -> set[int]:
    stretches = Stretches()
    stretches.open("5", whole=whole)
    found = []
    for number, (kind, message_id) in enumerate(events):
        if kind == "shown":
            stretches.shown(message_id)
        elif kind == "missed":
            stretches.missed(message_id)
        elif kind == "lost":
            stretches.missed(None)
        else:
            stretches.broken()
        if number % taken_every == 0:
            found += stretches.taken()
    found += stretches.taken()
    assert all(stretch.channel_id == "5" and 1 <= stretch.first <= stretch.last for stretch in found)
    return {
        number for first, last in united((one.first, one.last) for one in found) for number in range(first, last + 1)
    }


@given(EVENTS, st.integers(1, 5), st.integers(1, 5))
def test_what_is_covered_does_not_depend_on_the_pages(events: list[Event], one: int, other: int) -> None:
    assert follow(events, one) == follow(events, other)


@given(st.sets(st.integers(1, 40), min_size=1), st.sets(st.integers(1, 40)))
def test_in_order_everything_between_is_covered_but_what_was_missed(shown: set[int], missed: set[int]) -> None:
    missed -= shown
    events = [("shown" if number in shown else "missed", number) for number in sorted(shown | missed)]
    found = follow(events, 2)
    assert shown <= found
    assert not found & missed
    assert set(range(min(shown), max(shown) + 1)) - missed <= found


@given(EVENTS)
def test_a_chat_that_is_not_whole_covers_nothing(events: list[Event]) -> None:
    assert follow(events, 1, whole=False) == set()


def test_ids_that_do_not_ascend_are_not_trusted_from_there_on() -> None:
    assert follow([("shown", 5), ("shown", 9), ("shown", 7), ("shown", 30)], 10) == {5, 6, 7, 8, 9}
