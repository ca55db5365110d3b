"""The styles of a text, from the Markdown that Telethon made of it (docs.telethon.dev, `Message.text`).

That Markdown escapes nothing, so that it cannot be read for certain; but v3 kept the plain text too, and a reading that
does not come to the plain text is none.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tg_parser.ingestor.adapters.exports.styled import LONGEST_URL, StyledText, utf16_length

MARKS: Final = {"```": "pre", "**": "bold", "__": "italic", "~~": "strikethrough", "`": "code"}
TOKEN: Final = re.compile(r"```|\*\*|__|~~|`|\[|\]\((?P<url>[^()\s]{1,4096})\)")
USER: Final = re.compile(r"tg://user\?id=(?P<id>[0-9]{1,20})")


def styled(markdown: str, plain: str) -> StyledText:
    """The plain text with its styles; with none, if the Markdown cannot be the plain text's."""
    text, entities = _read(markdown)
    return StyledText(plain, entities if text == plain else [])


def _read(markdown: str) -> tuple[str, list[dict[str, Any]]]:
    reader = _Reader()
    end = 0
    for token in TOKEN.finditer(markdown):
        reader.take(markdown[end : token.start()])
        reader.mark(token)
        end = token.end()
    reader.take(markdown[end:])
    return reader.finished()


class _Reader:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._open: dict[str, int] = {}
        self._found: list[dict[str, Any]] = []

    def take(self, text: str) -> None:
        self._parts.append(text)
        self._length += utf16_length(text)

    def mark(self, token: re.Match[str]) -> None:
        mark, url = token[0], token["url"]
        inside_code = next((each for each in ("```", "`") if each in self._open), None)
        if inside_code and mark != inside_code:
            self.take(mark)
        elif url is not None:
            self._link(mark, url)
        elif mark in self._open:
            self._close(self._open.pop(mark), {"type": MARKS.get(mark, "")})
        else:
            self._open[mark] = self._length

    def _link(self, mark: str, url: str) -> None:
        begin = self._open.pop("[", None)
        if begin is None:
            self.take(mark)
            return
        user = USER.fullmatch(url)
        style = (
            {"type": "mention_name", "user_id": user["id"]} if user else {"type": "text_link", "url": url[:LONGEST_URL]}
        )
        self._close(begin, style)

    def _close(self, begin: int, style: dict[str, Any]) -> None:
        if style["type"] and begin < self._length:
            self._found.append({**style, "offset": begin, "length": self._length - begin})

    def finished(self) -> tuple[str, list[dict[str, Any]]]:
        """What is open to the end was no mark: the text then differs from the plain one, and nothing of it is believed."""
        ordered = sorted(self._found, key=lambda entity: (entity["offset"], -entity["length"], entity["type"]))
        return "".join(self._parts), ordered
