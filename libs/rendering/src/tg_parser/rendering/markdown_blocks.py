"""Blocks as Markdown: CommonMark, with the tables, strike-outs and boxes to tick of GitHub's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tg_parser.rendering.blocks import (
    Block,
    Formula,
    Heading,
    Item,
    Listing,
    Preformatted,
    Prose,
    Quote,
    Rule,
    Shown,
    Table,
)
from tg_parser.rendering.escaping import fence, heading_escaped
from tg_parser.rendering.inline import inline_lines
from tg_parser.rendering.styled import Styled, joined

HARD_BREAK: Final = "  \n"
BULLETS: Final = ("-", "*")
DELIMITERS: Final = (".", ")")
"""Two lists in a row are told apart by another sign."""
_NOT_A_LANGUAGE: Final = re.compile(r"[^\w+#.-]+")


def markdown_of(blocks: Iterable[Block]) -> str:
    """The blocks one under the other."""
    written: list[str] = []
    lists = 0  # in a row
    for block in blocks:
        lists = lists + 1 if isinstance(block, Listing) else 0
        text = _listing(block, (lists - 1) % 2) if isinstance(block, Listing) else _written(block)
        if text:
            written.append(text)
    return "\n\n".join(written)


def paragraphs(styled: Styled) -> str:
    """Lines that follow each other are one paragraph, broken where they are; blank lines part paragraphs."""
    written: list[str] = []
    paragraph: list[str] = []
    for line in (*inline_lines(styled), ""):
        if line:
            paragraph.append(line)
        elif paragraph:
            written.append(HARD_BREAK.join(paragraph))
            paragraph = []
    return "\n\n".join(written)


def _written(block: Block) -> str:
    match block:
        case Prose():
            text = paragraphs(block.content)
        case Heading():
            text = _heading(block)
        case Preformatted():
            marks = fence(block.text, at_least=3)
            text = f"{marks}{_NOT_A_LANGUAGE.sub('', block.language)}\n{block.text}\n{marks}"
        case Quote():
            text = _prefixed(markdown_of(block.blocks), "> ", "> ") if block.blocks else ""
        case Listing():
            text = _listing(block, 0)
        case Table():
            text = _table(block.rows)
        case Formula():
            text = f"$$\n{block.source.strip()}\n$$"
        case Shown():
            text = paragraphs(shown(block))
        case Rule():
            text = "---"
    return text


def _heading(heading: Heading) -> str:
    line = " ".join(filter(None, inline_lines(heading.content)))
    return f"{'#' * heading.level} {heading_escaped(line)}" if line else ""


def shown(block: Shown) -> Styled:
    """What is shown, in brackets: `[photo: the caption]`."""
    if not block.caption.text:
        return Styled(f"[{block.label}]")
    return joined((Styled(f"[{block.label}: "), block.caption, Styled("]")))


def _listing(listing: Listing, sign: int) -> str:
    return "\n".join(_items(listing, sign))


def _items(listing: Listing, sign: int) -> Iterator[str]:
    for at, item in enumerate(listing.items):
        mark = BULLETS[sign] if listing.first is None else f"{listing.first + at}{DELIMITERS[sign]}"
        content = _item(item)
        yield _prefixed(content, f"{mark} ", " " * (len(mark) + 1)) if content else mark


def _item(item: Item) -> str:
    content = markdown_of(item.blocks)
    if item.ticked is None:
        return content
    return f"[{'x' if item.ticked else ' '}] {content}"


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        f"{others if at else first}{line}" if line else (others if at else first).rstrip()
        for at, line in enumerate(lines)
    )


def _table(rows: Sequence[Sequence[Styled]]) -> str:
    if not rows or not rows[0]:
        return ""
    head, *body = [_row(row) for row in rows]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body])


def _row(row: Sequence[Styled]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(cell: Styled) -> str:
    lines = filter(None, inline_lines(cell, begin=False))
    return "<br>".join(lines).replace("|", r"\|")
