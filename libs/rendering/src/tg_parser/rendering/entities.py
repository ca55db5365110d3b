"""A message's text and entities as blocks: what is preformatted or quoted stands apart, everything else is prose."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from tg_parser.contracts.messages import TextEntity
from tg_parser.rendering.blocks import Block, Preformatted, Prose, Quote
from tg_parser.rendering.escaping import is_autolink
from tg_parser.rendering.nesting import settled
from tg_parser.rendering.styled import Range, Style, Styled
from tg_parser.rendering.utf16 import Utf16Positions

STYLES: Final[dict[str, Style]] = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strikethrough",
    "spoiler": "spoiler",
    "code": "code",
    "text_link": "link",
    "mention_name": "link",
    "link": "address",
}
"""Mentions, hashtags, telephone numbers and their like are words as they stand, and structured data of the document."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """A range of the text that is a block of its own."""

    start: int
    end: int
    language: str = ""


def blocks_of(text: str, entities: Iterable[TextEntity]) -> tuple[Block, ...]:
    """The text from top to bottom."""
    text = with_plain_line_ends(text)
    ranges, fences, quotes = _sorted_out(text, entities)
    if not fences and not quotes:
        return (Prose(Styled(text, tuple(ranges))),)
    cuts = {0, len(text), *(end for each in (*fences, *quotes) for end in (each.start, each.end))}
    styled = Styled(text, tuple(each for each in ranges if each.style != "address" or not _is_cut(each, cuts)))
    pieces = [
        (_which(quotes, start), _piece(styled, start, end, _which(fences, start)))
        for start, end in pairwise(sorted(cuts))
    ]
    blocks: list[Block] = []
    for quote, group in groupby(pieces, key=lambda piece: piece[0]):
        found = tuple(block for _, block in group if block is not None)
        blocks += (Quote(found),) if quote is not None and found else found
    return tuple(blocks)


def with_plain_line_ends(text: str) -> str:
    """`text` with a line feed at every line's end, and the same length."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def _sorted_out(text: str, entities: Iterable[TextEntity]) -> tuple[list[Range], list[_Apart], list[_Apart]]:
    positions = Utf16Positions(text)
    ranges, fences, quotes = list[Range](), list[_Apart](), list[_Apart]()
    for entity in entities:
        start, end = positions.span(entity)
        if not text[start:end].strip():
            continue
        if entity.type == "pre":
            fences.append(_Apart(start, end, entity.language or ""))
        elif entity.type == "blockquote":
            quotes.append(_Apart(start, end))
        elif (style := STYLES.get(entity.type)) and (style != "address" or is_autolink(text[start:end].strip())):
            ranges.append(Range(start, end, style, _url(entity)))
    return settled(ranges), _disjoint(fences), _disjoint(quotes)


def _is_cut(address: Range, cuts: Iterable[int]) -> bool:
    return any(address.start < cut < address.end for cut in cuts)


def _url(entity: TextEntity) -> str:
    if entity.type == "mention_name":
        return f"tg://user?id={re.sub(r'[^0-9]', '', entity.user_id or '')}"
    return entity.url or ""


def _disjoint(blocks: list[_Apart]) -> list[_Apart]:
    """The earlier and longer one wins; of the other remains what lies behind it."""
    kept: list[_Apart] = []
    for each in sorted(blocks, key=lambda each: (each.start, -each.end)):
        start = max(each.start, kept[-1].end if kept else 0)
        if start < each.end:
            kept.append(_Apart(start, each.end, each.language))
    return kept


def _which(blocks: Sequence[_Apart], at: int) -> _Apart | None:
    before = bisect_right(blocks, at, key=lambda each: each.start) - 1
    return blocks[before] if before >= 0 and at < blocks[before].end else None


def _piece(styled: Styled, start: int, end: int, fence: _Apart | None) -> Block | None:
    text = styled.text[start:end]
    if not text.strip():
        return None
    return Preformatted(text.strip("\n"), fence.language) if fence else Prose(styled.part(start, end))
