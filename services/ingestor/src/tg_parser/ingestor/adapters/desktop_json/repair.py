"""Telegram Desktop does not always write valid JSON. Bytes are mended on their way to the parser, a block at a time.

`mend_quirks` costs next to nothing where there is nothing to mend, and is always on. `mend_strings` looks at every string and
is only used after the parser has stumbled.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

BYTE_ORDER_MARK: Final = codecs.BOM_UTF8
ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
"""One escape, so that a backslash which is itself escaped is not taken for the beginning of one."""
BARE_ID: Final = re.compile(
    rb"""("document_id"\s*:\s*)(?!null\b|true\b|false\b)([^"\s\d{\[-][^"\r\n}]*?)(?=\s*(?:,\s*(?:["\r\n]|\Z)|[}\r\n]))"""
)
CONTROL: Final = {code: f"\\u{code:04x}" for code in range(0x20)}
IN_STRING: Final = re.compile(r'(?P<plain>[^"\\]++)|(?P<end>")|\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])|(?P<bad>\\)')
LONGEST_ESCAPE: Final = 6
LONGEST_ID: Final = 4_096  # bytes; a bare id is a file's path


def mend_quirks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    r"""The same bytes without a byte order mark, `\x0B` as `\u000B`, and bare custom-emoji ids in quotes.

    Some builds write control characters as `\xHH` (telegramdesktop/tdesktop#27571); builds of 2022 write
    `"document_id": path.webm` (#24961). Never yields an empty block.
    """
    rest = b""
    for block in _without_mark(blocks):
        rest += block
        cut = _boundary(rest)
        if cut:
            yield _mended(rest[:cut])
            rest = rest[cut:]
    if rest:
        yield _mended(rest)


def _boundary(data: bytes) -> int:
    """Where `data` can be cut without parting what has to be mended: never inside an escape or a bare id."""
    line = data.rfind(b"\n") + 1
    if line:
        return line
    comma = data.rfind(b",") + 1  # everything in one line
    key = data.rfind(b'"document_id"', max(0, comma - LONGEST_ID), comma)
    return comma if key < 0 else key


def _without_mark(blocks: Iterable[bytes]) -> Iterator[bytes]:
    first = True
    for block in blocks:
        yield block.removeprefix(BYTE_ORDER_MARK) if first else block
        first = False


def _mended(block: bytes) -> bytes:
    if b"\\x" in block:
        block = ESCAPE.sub(_escape, block)
    if block.count(b'"document_id"') != block.count(b'"document_id": "'):
        block = BARE_ID.sub(_quoted, block)
    return block


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u00" + found[1] if found[1] else found[0]


def _quoted(found: re.Match[bytes]) -> bytes:
    return found[1] + json.dumps(found[2].decode("utf-8", "replace")).encode()


def mend_strings(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes with raw control characters, unknown escapes and broken UTF-8 inside strings made valid.

    No Telegram Desktop writes these; files that passed through other hands have them.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    scanner = _Strings()
    for block in blocks:
        mended = scanner.feed(decoder.decode(block))
        if mended:
            yield mended.encode()
    yield (scanner.feed(decoder.decode(b"", final=True), last=True) or " ").encode()


class _Strings:
    """Tells what is inside a string from what is outside, across blocks."""

    def __init__(self) -> None:
        self._rest = ""
        self._inside = False

    def feed(self, text: str, *, last: bool = False) -> str:
        text = self._rest + text
        pieces: list[str] = []
        position = 0
        while position < len(text):
            step = self._string if self._inside else self._outside
            piece, after = step(text, position, last=last)
            if after == position:
                break
            pieces.append(piece)
            position = after
        self._rest = text[position:]
        return "".join(pieces)

    def _outside(self, text: str, position: int, *, last: bool) -> tuple[str, int]:
        del last
        quote = text.find('"', position)
        self._inside = quote >= 0
        after = quote + 1 if quote >= 0 else len(text)
        return text[position:after], after

    def _string(self, text: str, position: int, *, last: bool) -> tuple[str, int]:
        found = IN_STRING.match(text, position)
        if found is None or (found["bad"] and not last and len(text) - position < LONGEST_ESCAPE):
            return "", position  # the escape may go on in the next block
        if found["plain"]:
            return found[0].translate(CONTROL), found.end()
        self._inside = not found["end"]
        return ("\\\\" if found["bad"] else found[0]), found.end()
