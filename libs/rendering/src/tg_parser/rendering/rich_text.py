"""Rich text, Telegram's tree of styles (core.telegram.org/type/RichText), as a text with ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tg_parser.rendering.entities import with_plain_line_ends
from tg_parser.rendering.styled import Range, Style, Styled

DEEPEST: Final = 32
"""Styles inside each other that are told apart; nothing a person writes comes near."""
STYLES: Final[Mapping[str, Style]] = {
    "textBold": "bold",
    "textItalic": "italic",
    "textUnderline": "underline",
    "textStrike": "strikethrough",
    "textFixed": "code",
    "textSpoiler": "spoiler",
    "textSubscript": "subscript",
    "textSuperscript": "superscript",
    "textMarked": "marked",
    "textMath": "math",
    "textUrl": "link",
    "textAutoUrl": "address",
    "textMentionName": "link",
}
"""Any other constructor is the text inside it: e-mails, hashtags, dates, the new text of a correction."""


def styled_of(node: Any) -> Styled:
    """The text of a node of any constructor, known or not; empty if it has none."""
    writer = _Writer()
    writer.write(node, DEEPEST)
    return Styled("".join(writer.texts), tuple(writer.ranges))


class _Writer:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.ranges: list[Range] = []
        self._length = 0

    def write(self, node: Any, depth: int) -> None:
        if isinstance(node, str):
            text = with_plain_line_ends(node)
            self.texts.append(text)
            self._length += len(text)
        elif isinstance(node, (list, tuple)) and depth:
            for part in node:
                self.write(part, depth - 1)
        elif isinstance(node, Mapping) and depth:
            self._write_styled(node, depth - 1)

    def _write_styled(self, node: Mapping[str, Any], depth: int) -> None:
        start = self._length
        for member in ("text", "texts", "source", "alt"):
            if member in node:
                self.write(node[member], depth)
                break
        style = STYLES.get(str(node.get("_")))
        if style and start < self._length:
            self.ranges.append(Range(start, self._length, style, _url(node)))


def _url(node: Mapping[str, Any]) -> str:
    if node.get("_") == "textMentionName":
        return f"tg://user?id={re.sub('[^0-9]', '', str(node.get('user_id')))}"
    url = node.get("url")
    return url if isinstance(url, str) else ""
