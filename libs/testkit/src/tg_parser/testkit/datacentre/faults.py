"""What goes wrong on demand: with the k-th call of a method, instead of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tg_parser.testkit.datacentre.refusals import Refused


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection ends: before the call is done, or once its answer is on its way."""

    when: Literal["before", "after"] = "before"


@dataclass(frozen=True, slots=True)
class Silent:
    """The call is acknowledged, and no answer ever comes."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The answer is of a kind that no client knows."""


@dataclass(slots=True)
class Late:
    """Answers wait until they are released."""

    _waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def keep(self, answer: Callable[[], None]) -> None:
        """Have an answer wait."""
        self._waiting.append(answer)

    def release(self) -> None:
        """Answer all that wait."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()


Fault = Refused | Dropped | Silent | Unreadable | Late


@dataclass(slots=True)
class Faults:
    """Faults by method (`messages.getHistory`), each waiting for its call."""

    _planned: dict[str, list[Fault | None]] = field(default_factory=dict[str, list[Fault | None]])

    def on(self, method: str, *faults: Fault | None, after: int = 0) -> None:
        """Let the next calls of `method` meet these faults in turn (None: nothing happens), once `after` more went well."""
        self._planned.setdefault(method, []).extend([*[None] * after, *faults])

    def clear(self, method: str) -> None:
        """Nothing more goes wrong with `method`."""
        self._planned.pop(method, None)

    def next(self, method: str) -> Fault | None:
        """What this call of a method meets."""
        planned = self._planned.get(method)
        return planned.pop(0) if planned else None
