"""A message's text and its styled ranges, out of the elements they became in a page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.desktop_html.nodes import DEEPEST, classes
from tg_parser.ingestor.adapters.exports.styled import LONGEST_URL, StyledText, checked, utf16_length
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

STYLES: Final = {
    "strong": "bold", "b": "bold", "em": "italic", "i": "italic", "u": "underline", "s": "strikethrough", "del": "strikethrough",
    "strike": "strikethrough", "code": "code", "pre": "pre", "blockquote": "blockquote",
}  # fmt: skip
SCRIPTS: Final = {
    "ShowHashtag": "hashtag",
    "ShowCashtag": "cashtag",
    "ShowBotCommand": "bot_command",
    "ShowMentionName": "mention_name",
    "ShowNotLoadedEmoji": "custom_emoji",
    "ShowNotAvailableEmoji": "custom_emoji",
}
"""What a link without an address does when it is clicked."""
SCRIPT: Final = re.compile(r"(?:return )?(Show\w+)\(")
BLOCKS: Final = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "ul", "ol", "table", "details", "figure"}
)
"""Elements of rich messages that begin on a line of their own."""
WHITE: Final = re.compile(r"[\r\n]+[ \t]*")
LAST_LINE: Final = re.compile(r"[\r\n]+[ \t]*\Z")
PICTURE: Final = re.compile(
    r"(?![A-Za-z][A-Za-z0-9+.\-]*:)[^?#]*/[^/?#]*\.(?:webp|tgs|webm|mp4|png|jpg)", re.IGNORECASE
)
"""A file of the export, under an emoji."""
HANDLE: Final = re.compile(r"https?://(?:t\.me|telegram\.me|telegram\.dog)/(\w+)", re.IGNORECASE)


def styled_text(element: LexborNode | None) -> StyledText:
    """The text of the element with the class `text`. Raises Unreadable if it is longer than any message can be."""
    if element is None:
        return StyledText("", [])
    collected = _Collected()
    collected.take(element, 0)
    return checked("".join(collected.pieces), collected.entities)


@dataclass(slots=True)
class _Collected:
    pieces: list[str] = field(default_factory=list[str])
    entities: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    length: int = 0

    def take(self, parent: LexborNode, depth: int) -> None:
        if depth > DEEPEST:
            raise Unreadable("Its text is nested deeper than any message's.")
        node = parent.child
        while node is not None:
            tag = node.tag
            if tag == "-text":
                self._add(_content(node))
            elif tag == "br":
                self._add("\n")
            elif node.is_element_node:
                self._element(node, tag or "", depth)
            node = node.next

    def _element(self, node: LexborNode, tag: str, depth: int) -> None:
        if tag in BLOCKS and self.pieces and not self.pieces[-1].endswith("\n"):
            self._add("\n")
        begin = len(self.entities)
        offset = self.length
        self.take(node, depth + 1)
        entity = self._entity(node, tag, offset)
        if entity and self.length > offset:
            entity |= {"offset": offset, "length": self.length - offset}
            self.entities.insert(begin, entity)

    def _entity(self, node: LexborNode, tag: str, offset: int) -> dict[str, Any] | None:
        if tag in STYLES:
            return {"type": STYLES[tag]}
        if tag == "span" and "spoiler" in classes(node):
            return {"type": "spoiler"}
        if tag == "a":
            return _link(node, self._text_from(offset))
        return None

    def _text_from(self, offset: int) -> str:
        count, length = 0, self.length
        while length > offset:
            count += 1
            length -= utf16_length(self.pieces[-count])
        return "".join(self.pieces[len(self.pieces) - count :])

    def _add(self, text: str) -> None:
        text = text.replace("\0", "")
        if text:
            self.pieces.append(text)
            self.length += utf16_length(text)


def _content(node: LexborNode) -> str:
    """Line breaks of the page itself are no part of a text, whose own ones are elements: at its ends nothing, within it a space."""
    text = node.text_content or ""
    if "\n" not in text or (node.parent is not None and node.parent.tag == "pre"):
        return text
    if node.prev is None or node.prev.tag == "br":
        text = text.lstrip("\r\n")
    if node.next is None or node.next.tag == "br":
        text = LAST_LINE.sub("", text)
    return WHITE.sub(" ", text)


def _link(node: LexborNode, text: str) -> dict[str, Any] | None:
    attributes = node.attributes
    script = SCRIPT.match(attributes.get("onclick") or "")
    if script and script[1] in SCRIPTS:
        return {"type": SCRIPTS[script[1]]}
    address = attributes.get("href") or ""
    return _address(address, text) if 0 < len(address) <= LONGEST_URL else None


def _address(address: str, text: str) -> dict[str, Any]:
    handle = HANDLE.fullmatch(address)
    if handle and text == f"@{handle[1]}":
        return {"type": "mention"}
    kind = {f"mailto:{text}": "email", f"tel:{text}": "phone"}.get(address)
    if kind or _bare(address) == _bare(text):
        return {"type": kind or "link"}
    if PICTURE.fullmatch(address):
        return {"type": "custom_emoji", "document_id": address[:256]}
    return {"type": "text_link", "url": address}


def _bare(address: str) -> str:
    """An address without what is added to one that was typed without it."""
    return re.sub(r"^https?://", "", address, flags=re.IGNORECASE).rstrip("/").casefold()
