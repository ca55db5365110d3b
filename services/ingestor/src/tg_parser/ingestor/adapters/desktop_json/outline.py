"""The outline of an export: its chats, and each chat's messages one by one, whatever the file's size.

A file holds one chat (`messages` at the root) or a whole account (`chats.list` and `left_chats.list`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

import ijson

from tg_parser.ingestor.adapters.desktop_json.repair import mend_quirks, mend_strings

BLOCK: Final = 1 << 17  # bytes read at once
LONGEST_VALUE: Final = 1 << 24  # bytes; a message takes some thousand
LONGEST_PREFIX: Final = 2_000  # characters: some hundred levels, where messages have five
CHATS: Final = frozenset({"", "chats.list.item", "left_chats.list.item"})
TOLERABLE: Final = re.compile("inside string|inside a string|UTF8 string")
"""yajl's words for what `mend_strings` mends."""
EARLY_END: Final = "premature EOF"

Event = tuple[str, str, Any]
Filter = Callable[[Iterable[bytes]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class ChatBegins:
    """The members of a chat that stand before its messages. `alone`: the file holds this chat and nothing else."""

    members: dict[str, Any]
    alone: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it stands in the file. `position` counts from 0 inside its chat."""

    value: Any
    position: int


class Damaged(Exception):
    """The file is not JSON from some point on. `ends` tells a file that was cut off from one that goes on as something else."""

    def __init__(self, reason: str, offset: int, *, ends: bool) -> None:
        super().__init__(reason)
        self.offset = offset
        self.ends = ends


def outline(path: Path) -> Iterator[ChatBegins | Row]:
    """The chats and messages of the file. Raises Damaged where it stops being JSON; everything before has been yielded.

    A file with characters that JSON forbids inside strings is read again from the start, with every string mended.
    """
    seen = 0
    try:
        for part in _read(path, mend_quirks):
            seen += 1
            yield part
    except Damaged as damaged:
        if not TOLERABLE.search(str(damaged)):
            raise
    else:
        return
    yield from islice(_read(path, lambda blocks: mend_strings(mend_quirks(blocks))), seen, None)


def _read(path: Path, mend: Filter) -> Iterator[ChatBegins | Row]:
    with path.open("rb", buffering=0) as file:
        stream = _Stream(iter(lambda: file.read(BLOCK), b""), mend)
        try:
            yield from _parts(ijson.parse(stream, buf_size=BLOCK), stream)
        except ijson.JSONError as error:
            reason = _first_line(error)
            raise Damaged(reason, stream.offset, ends=EARLY_END in reason) from error


class _Stream:
    """Mended bytes as ijson reads them. Refuses to collect a value without end."""

    def __init__(self, blocks: Iterator[bytes], mend: Filter) -> None:
        self._mended = mend(self._counted(blocks))
        self._mark = 0
        self.offset = 0

    def read(self, size: int) -> bytes:
        return next(self._mended, b"") if size else b""

    def progressed(self) -> None:
        """The parser has come out with something."""
        self._mark = self.offset

    def _counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.offset += len(block)
            if self.offset - self._mark > LONGEST_VALUE:
                raise Damaged(f"a single value is longer than {LONGEST_VALUE >> 20} MiB", self.offset, ends=False)
            yield block


def _parts(events: Iterator[Event], stream: _Stream) -> Iterator[ChatBegins | Row]:
    members: dict[str, Any] = {}
    for prefix, kind, value in events:
        stream.progressed()
        parent, _, key = prefix.rpartition(".")
        if parent not in CHATS:
            continue
        if kind == "start_array" and key == "messages":
            yield ChatBegins(members, alone=not parent)
            yield from _rows(events, prefix, stream)
        elif kind == "start_map" and prefix in CHATS:
            members = {}
        elif kind in {"string", "number", "null"} and key:
            members[key] = value


def _rows(events: Iterator[Event], messages: str, stream: _Stream) -> Iterator[Row]:
    """The members of the array `messages`, built by ijson's own builder, up to the array's end."""
    rows = ijson.sendable_list()
    build = ijson.get_backend(ijson.backend).items_basecoro(rows, f"{messages}.item").send
    position = 0
    for event in events:
        prefix, _, value = event
        if prefix == messages:
            return
        if len(prefix) > LONGEST_PREFIX:
            raise Damaged("a message is nested without end", stream.offset, ends=False)
        build((*event[:2], _exact(value)) if isinstance(value, Decimal) else event)
        if rows:
            stream.progressed()
            yield Row(rows.pop(), position)
            position += 1


def _exact(number: Decimal) -> float | str:
    """A fraction as JSON has it again: coordinates survive it, and what no float can hold stays as it was written."""
    return float(number) if math.isfinite(float(number)) else str(number)


def _first_line(error: Exception) -> str:
    """The reason alone: yajl shows the place as well, and ijson the bytes' repr where it is not UTF-8."""
    return str(error).removeprefix("b'").split("\n")[0].split("\\n")[0].strip(" .")
