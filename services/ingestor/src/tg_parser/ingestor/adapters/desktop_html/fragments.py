"""A page of an export cut into messages without parsing it whole: what one message breaks, the next one does not feel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BLOCK: Final = 1 << 17  # bytes read at once
LONGEST_HEAD: Final = 1 << 16  # bytes before a page's first message; they are some hundred
LONGEST_MESSAGE: Final = 1 << 22  # bytes; a message takes some thousand
LONGEST_TAG: Final = 1 << 12
BEGIN: Final = re.compile(rb"""<div\b[^<>]*\bid=["']message(-?\d{1,18})["'][^<>]*>""")
ENDING: Final = re.compile(rb"</html\s*>\s*\Z")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a page's messages."""

    html: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """One message as it stands in the page, with what follows it up to the next one. `whole`: it was not cut off."""

    message_id: int
    html: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class PageEnds:
    """The end of a page. `cut_off`: the page goes on elsewhere, if anywhere."""

    cut_off: bool
    size: int


def fragments(path: Path) -> Iterator[Head | Fragment | PageEnds]:
    """The parts of a page, whatever its size. A message longer than any is given up to the limit, and not as whole."""
    buffer = b""
    size = 0
    number: int | None = None
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            size += len(block)
            buffer += block
            begin = 0
            searched = 0 if number is None else 1
            while found := BEGIN.search(buffer, begin + searched):
                yield _part(number, buffer[begin : found.start()])
                number, begin, searched = int(found[1]), found.start(), 1
            buffer = _limited(buffer[begin:], number)
    cut_off = ENDING.search(buffer[-LONGEST_TAG:]) is None
    yield _part(number, buffer, whole=not cut_off or _closed(buffer))
    yield PageEnds(cut_off, size)


def _part(number: int | None, html: bytes, *, whole: bool = True) -> Head | Fragment:
    text = html.decode("utf-8", "replace").removeprefix("\ufeff")
    if number is None:
        return Head(text[:LONGEST_HEAD])
    return Fragment(number, text[:LONGEST_MESSAGE], whole and len(text) <= LONGEST_MESSAGE)


def _limited(rest: bytes, number: int | None) -> bytes:
    """Nothing is collected without end: of what is too long, the beginning is kept, and the end to find the next message in."""
    limit = LONGEST_HEAD if number is None else LONGEST_MESSAGE
    if len(rest) <= limit + BLOCK + LONGEST_TAG:
        return rest
    return rest[: limit + 1] + rest[-LONGEST_TAG:]


def _closed(html: bytes) -> bool:
    """Whether every element of a message has its end: then it is whole, although the page is not."""
    return html.count(b"<div") <= html.count(b"</div")
