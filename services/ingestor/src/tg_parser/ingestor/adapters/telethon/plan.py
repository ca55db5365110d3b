"""What of a chat is to be read, and how far that has come: stretches of ids, newest first. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from tg_parser.contracts.messages import Covered
from tg_parser.ingestor.coverage import Interval, gaps, missing, united

MOST_STRETCHES: Final = 100
"""A plan has to fit into the mark of a page, 4,096 characters. Beyond, the narrowest gaps between stretches are read again."""
MOST_HOLES: Final = 10
LOOKS_BACK: Final = (
    (timedelta(0), timedelta(hours=3)),
    (timedelta(hours=1), timedelta(hours=48)),
    (timedelta(days=1), timedelta(days=7)),
    (timedelta(days=7), timedelta(days=30)),
)
"""How often recent posts are read again for their edits, deletions and counters, and how far back: young posts change most."""

FARTHEST_BACK: Final = LOOKS_BACK[-1][1]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading stands: in which chat, and what of it is left (None: that is still to be found out)."""

    chat: str = ""
    left: tuple[Interval, ...] | None = None
    look_back: int = 0

    def __str__(self) -> str:
        """As a page carries it."""
        value = {"chat": self.chat, "left": self.left, "back": self.look_back}
        return json.dumps({name: part for name, part in value.items() if part not in (None, 0)}, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark a page carried; an empty text is the beginning. Raises ValueError if it is neither."""
        if not text:
            return cls()
        value = json.loads(text)
        left = value.get("left")
        stretches = None if left is None else tuple((int(first), int(last)) for first, last in left)
        return cls(str(value["chat"]), stretches, int(value.get("back", 0)))

    @property
    def stretch(self) -> Interval:
        """What is read now. Raises ValueError if nothing is left."""
        if not self.left:
            raise ValueError(f"Nothing is left to read of {self.chat}.")
        return self.left[0]

    def after(self, last: int) -> Mark:
        """With everything up to `last` of the stretch in hand read."""
        stretches = self.left or ()
        rest = [(last + 1, end) for _, end in stretches[:1] if last < end]
        return replace(self, left=(*rest, *stretches[1:]))


def planned(wanted: Interval, covered: Sequence[Interval] | None, recent: int) -> tuple[Interval, ...]:
    """The stretches to read of `wanted`, newest first.

    That is all of it if nothing is said to be `covered` (None), else what is not, and everything from the id `recent` on again.
    """
    first, last = wanted
    if first > last:
        return ()
    if covered is None:
        return (wanted,)
    again = [(max(first, recent), last)] if recent <= last else []
    return tuple(reversed(_few(united([*missing(covered, wanted), *again]))))


def look_back(last_done: Iterable[tuple[int, float]], now: float) -> timedelta:
    """How far to look back this time: the longest way that is due. `last_done`: when each was last gone, in seconds."""
    done = dict(last_done)
    due = [back for every, back in LOOKS_BACK if now - done.get(_seconds(back), 0.0) >= every.total_seconds()]
    return max(due, default=LOOKS_BACK[0][1])


def looked_back(done: dict[int, float], seconds: int, now: float) -> dict[int, float]:
    """What is to be remembered after looking back so far: every shorter way is done as well."""
    return done | {_seconds(back): now for _, back in LOOKS_BACK if _seconds(back) <= seconds}


def shown(channel_id: str, stretch: Interval, holes: Collection[int], *, certain: bool) -> tuple[Covered, ...]:
    """What a page covers. Nothing is claimed of `holes`: what stands there was seen and not told as a message."""
    first, last = stretch
    inside = sorted(hole for hole in holes if first <= hole <= last)
    if not certain or len(inside) > MOST_HOLES:
        return (Covered(channel_id=channel_id, first=first, last=last),)
    points = [(hole, hole) for hole in inside]
    between = missing(points, stretch)
    pieces = sorted([*((piece, True) for piece in between), *((point, False) for point in united(points))])
    return tuple(
        Covered(channel_id=channel_id, first=piece[0], last=piece[1], exhaustive=sure) for piece, sure in pieces
    )


def _few(stretches: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """No more than fit into a mark."""
    excess = len(stretches) - MOST_STRETCHES
    if excess <= 0:
        return stretches
    narrowest = sorted(gaps(stretches), key=lambda gap: gap[1] - gap[0])[:excess]
    return united([*stretches, *narrowest])


def _seconds(back: timedelta) -> int:
    return int(back.total_seconds())
