"""Styled ranges in an order Markdown can say: none of a kind overlaps another of it, none crosses a link.

Links cannot stand inside links, an address only counts as a whole, and nothing is styled inside code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from tg_parser.rendering.escaping import destination, is_autolink
from tg_parser.rendering.styled import Range, Style

VERBATIM: Final[frozenset[Style]] = frozenset({"code", "math"})
_LEADING: Final[frozenset[Style]] = frozenset({"link", "address"})


def settled(ranges: Iterable[Range]) -> list[Range]:
    """The ranges without what says nothing more: of each style, those that touch are one. In the order of their starts."""
    given = [each for each in ranges if each.start < each.end]
    addresses = _one_at_a_time(each for each in given if each.style == "address")
    merged = _merged(each for each in given if each.style not in _LEADING)
    return sorted([*followed(given), *addresses, *merged], key=lambda each: each.start)


def nestable(line: str, ranges: Iterable[Range]) -> list[Range]:
    """The settled ranges within a line as they can be nested, none empty and none with spaces at its ends.

    `**bold **` is the commonest mistake of all: it marks nothing.
    """
    given = [trimmed for each in ranges if (trimmed := _trimmed(line, each)) is not None]
    links = [each for each in given if each.style == "link"]
    code = _one_at_a_time(each for each in given if each.style in VERBATIM)
    plain = [each for each in given if each.style not in VERBATIM and each.style not in _LEADING]
    addresses = _whole(line, (each for each in given if each.style == "address"), [*links, *code, *plain])
    nested = (_trimmed(line, piece) for each in [*plain, *code] for piece in _within(each, links))
    return [*links, *addresses, *(piece for piece in nested if piece is not None)]


def followed(ranges: Iterable[Range]) -> list[Range]:
    """The links that can be followed, one at a time: the earlier and longer one wins."""
    return _one_at_a_time(each for each in ranges if each.style == "link" and destination(each.url) is not None)


def _one_at_a_time(ranges: Iterable[Range]) -> list[Range]:
    """The earlier and longer one wins; of the other remains what lies behind it."""
    kept: list[Range] = []
    for each in sorted(ranges, key=lambda each: (each.start, -each.end)):
        free = each.cut(kept[-1].end if kept else 0, each.end)
        if free.start < free.end:
            kept.append(free)
    return kept


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """The ranges of each style; those that touch are one."""
    merged: list[Range] = []
    for each in sorted(ranges, key=lambda each: (each.style, each.start)):
        last = merged[-1] if merged else None
        if last is not None and last.style == each.style and each.start <= last.end:
            merged[-1] = Range(last.start, max(last.end, each.end), each.style)
        else:
            merged.append(each)
    return merged


def _whole(text: str, ranges: Iterable[Range], others: Sequence[Range]) -> list[Range]:
    """The addresses that can be written as such: not cut by another style, not in a link, not in code."""
    return [
        each
        for each in _one_at_a_time(ranges)
        if is_autolink(text[each.start : each.end]) and not any(_spoils(each, other) for other in others)
    ]


def _spoils(address: Range, other: Range) -> bool:
    if other.end <= address.start or address.end <= other.start:
        return False
    around = other.start <= address.start and address.end <= other.end
    return not around or other.style == "link" or other.style in VERBATIM


def _within(each: Range, links: Sequence[Range]) -> list[Range]:
    """`each`, cut where it would cross a link's end."""
    ends = {
        end
        for link in links
        if not (each.start <= link.start and link.end <= each.end)
        for end in (link.start, link.end)
        if each.start < end < each.end
    }
    cuts = [each.start, *sorted(ends), each.end]
    return [each.cut(start, end) for start, end in pairwise(cuts)]


def _trimmed(line: str, each: Range) -> Range | None:
    inner = line[each.start : each.end]
    left, right = len(inner) - len(inner.lstrip()), len(inner) - len(inner.rstrip())
    return each.cut(each.start + left, each.end - right) if left < len(inner) else None
