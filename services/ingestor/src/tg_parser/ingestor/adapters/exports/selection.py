"""Which messages of an export were asked for: those of a stretch of time, or the newest ones."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.exports.entries import Entry
from tg_parser.ingestor.adapters.exports.paging import SIGN_OF_LIFE
from tg_parser.ingestor.domain import MessageSeen, Page

PASSED_OVER: Final = Entry(None, passed_over=True)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest messages: all from after `after`, and of those of that very second all but the first `skipped`."""

    after: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What of an export was asked for."""

    since: datetime | None = None
    until: datetime | None = None
    newest: Newest | None = None

    def of(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries; those of messages that were not asked for are passed over."""
        if self == Selection():
            yield from entries
            return
        ties = 0
        for entry in entries:
            if not isinstance(entry.item, MessageSeen):
                yield entry
                continue
            date = entry.item.message.date
            ties += self.newest is not None and self.within(date) and int(date.timestamp()) == self.newest.after
            yield entry if self._wanted(date, ties) else PASSED_OVER

    def within(self, date: datetime) -> bool:
        """Whether a message of this moment lies in the stretch of time."""
        return (self.since is None or date >= self.since) and (self.until is None or date < self.until)

    def _wanted(self, date: datetime, ties: int) -> bool:
        if not self.within(date) or self.newest is None:
            return self.within(date)
        second = int(date.timestamp())
        return second > self.newest.after or (second == self.newest.after and ties > self.newest.skipped)


def selected(spec: SourceSpec, dates: Iterable[datetime], cursor: int) -> Generator[Page, None, Selection]:
    """What `spec` asks for. To find the newest messages takes a pass over all `dates`, and eight bytes for each.

    Yields a page without anything in it now and then, as a sign of life.
    """
    selection = Selection(spec.since, spec.until)
    if spec.limit is None:
        return selection
    seconds = array("q")
    for number, date in enumerate(dates, 1):
        if selection.within(date):
            seconds.append(int(date.timestamp()))
        if number % SIGN_OF_LIFE == 0:
            yield Page((), cursor)
    return replace(selection, newest=_newest(seconds, spec.limit))


def _newest(seconds: Sequence[int], limit: int) -> Newest | None:
    """What tells the newest from the others; None if there are no more than `limit`."""
    if len(seconds) <= limit:
        return None

    def since(second: int) -> int:
        return sum(other >= second for other in seconds)

    candidates = range(min(seconds), max(seconds) + 1)
    after = candidates[bisect_right(candidates, -limit, key=lambda second: -since(second)) - 1]
    return Newest(after, since(after) - limit)
