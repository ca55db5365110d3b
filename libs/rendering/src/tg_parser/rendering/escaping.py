"""What stands in a text and would mean something in Markdown, made to stand for itself (spec.commonmark.org/0.31.2)."""

from __future__ import annotations

import re
from typing import Final

_ANYWHERE: Final = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,40};)")
"""An underscore between letters marks nothing; `<` may open a tag, `&amp;` is one character; `~~` strikes out (GFM)."""
_BLOCK: Final = re.compile(r"(?:#{1,6}|[-+])(?=\s|\Z)|>|-(?=-)|=+\s*\Z|[|:-][|:\- \t]*\Z")
"""Headings, bullets, quotes, rules, underlines of headings, and the second row of tables (GFM), at a line's beginning."""
_NUMBERED: Final = re.compile(r"(\d{1,9})([.)])(?=\s|\Z)")
_CLOSING: Final = re.compile(r"#(?=#*\s*\Z)")
_UNSAFE: Final = re.compile(r"\s*(?:javascript|vbscript|data|file)\s*:", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f<>\\`|]|[^\S ]")
_REFERENCE: Final = re.compile(r"&(?=#?\w{1,40};)")
_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s\x00-\x20\x7f<>\\`|]+")


def escaped(text: str, *, begins_line: bool) -> str:
    """A part of a line. More may be escaped than has to be: a part does not know what follows it."""
    found = _ANYWHERE.sub(r"\\\g<0>", text)
    if not begins_line:
        return found
    if _BLOCK.match(found):
        return f"\\{found}"
    return _NUMBERED.sub(r"\1\\\2", found, count=1) if _NUMBERED.match(found) else found


def heading_escaped(line: str) -> str:
    """A heading's line: `#` at its end would be taken for decoration."""
    return _CLOSING.sub(r"\\#", line)


def destination(url: str) -> str | None:
    """Where a link leads, between `<` and `>`; None if it is nothing to follow from a stranger's text."""
    if not url.strip() or _UNSAFE.match(url):
        return None
    encoded = _IN_ADDRESS.sub(
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass")), url
    )
    return _REFERENCE.sub("&amp;", encoded)


def is_autolink(text: str) -> bool:
    """Whether `<text>` is a link in any Markdown: an address with a scheme, and nothing in it that means something."""
    return _BARE.fullmatch(text) is not None and not _REFERENCE.search(text) and not _UNSAFE.match(text)


def fence(text: str, *, at_least: int) -> str:
    """Back-ticks that do not occur in `text` in this number."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(at_least, longest + 1)
