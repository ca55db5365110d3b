"""Which ids of a channel have been read: a set of intervals, both ends included. Pure.

A single "last id" cannot say it: a snapshot that broke off, a preview of the newest twenty and an old export leave holes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Interval = tuple[int, int]


def united(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same ids in disjoint intervals with something unread between any two of them, in order."""
    whole: list[Interval] = []
    for first, last in sorted(intervals):
        if first > last:
            raise ValueError(f"{first}–{last} is no interval: its end is before its beginning.")
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(whole[-1][1], last))
        else:
            whole.append((first, last))
    return tuple(whole)


def gaps(covered: Sequence[Interval]) -> tuple[Interval, ...]:
    """What lies between the intervals of a united set and in none of them."""
    return tuple((before[1] + 1, after[0] - 1) for before, after in pairwise(covered))


def missing(covered: Iterable[Interval], wanted: Interval) -> tuple[Interval, ...]:
    """The parts of `wanted` that are not covered."""
    first, last = wanted
    left: list[Interval] = []
    for begin, end in united(covered):
        if end < first or begin > last:
            continue
        if begin > first:
            left.append((first, begin - 1))
        first = end + 1
    return (*left, (first, last)) if first <= last else tuple(left)


def holds(covered: Iterable[Interval], wanted: Interval) -> bool:
    """Whether all of `wanted` is covered."""
    return not missing(covered, wanted)
