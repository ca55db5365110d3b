"""Given some events, when something is decided, then exactly these events follow: every rule of a domain in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

State = TypeVar("State")
Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Then(Generic[State, Event]):
    """What was decided, and the state it leads to."""

    events: tuple[Event, ...]
    state: State

    def then(self, *expected: Event) -> None:
        """Exactly `expected` was decided, in this order. None: nothing at all."""
        assert self.events == expected, f"decided {self.events!r}, expected {expected!r}"

    def then_types(self, *expected: type[Event]) -> None:
        """Events of exactly these types were decided, in this order, whatever they hold."""
        decided = tuple(type(event) for event in self.events)
        assert decided == expected, f"decided {decided!r}, expected {expected!r}"


@dataclass(frozen=True, slots=True)
class Given(Generic[State, Event]):
    """A state that came about by events."""

    evolve: Callable[[State, Event], State]
    state: State

    def when(self, decide: Callable[[State], Sequence[Event]]) -> Then[State, Event]:
        """Decide in this state: `when(lambda state: decide(command, state, now))`."""
        events = tuple(decide(self.state))
        return Then(events, reduce(self.evolve, events, self.state))


def given(evolve: Callable[[State, Event], State], initial: State, *events: Event) -> Given[State, Event]:
    """The state after `events`."""
    return Given(evolve, reduce(evolve, events, initial))
