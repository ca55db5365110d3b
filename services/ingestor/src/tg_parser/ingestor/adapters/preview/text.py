"""A post's text and its styled ranges, out of markup. Telegram counts in UTF-16 code units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.links import link_entity
from tg_parser.ingestor.adapters.preview.markup import attribute, has_class
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable

LONGEST_TEXT: Final = 65_536  # characters; Telegram itself ends at 4,096
MOST_ENTITIES: Final = 2_000  # Telegram itself ends at 100
DEEPEST: Final = 48  # elements inside each other whose styles are told apart
STYLES: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "del": "strikethrough", "strike": "strikethrough", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-spoiler": "spoiler",
}  # fmt: skip
BLOCKS: Final = frozenset({"blockquote", "pre"})
SILENT: Final = frozenset({"script", "style", "svg", "template", "-comment"})
BROKEN_LINE: Final = re.compile(r"[ \t]*[\r\n]\s*")
"""Lines end with `<br>`; where markup itself is broken into lines, as in saved pages, that is one space."""


@dataclass(frozen=True, slots=True)
class StyledText:
    """A text, and its entities as `TextEntity` takes them."""

    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()


def styled_text(node: LexborNode) -> StyledText:
    """What an element says. Raises Unreadable if it is longer than any message can be."""
    writer = _Writer()
    _walk(node, writer, pre=False, depth=0)
    if writer.characters > LONGEST_TEXT:
        raise Unreadable(f"Its text has {writer.characters:,} characters; no message has more than {LONGEST_TEXT:,}.")
    if len(writer.entities) > MOST_ENTITIES:
        raise Unreadable(f"Its text has {len(writer.entities):,} styled ranges; no message has as many.")
    return _stripped("".join(writer.pieces), writer.entities)


def plain_text(node: LexborNode | None, longest: int = LONGEST_TEXT) -> str:
    """The words of an element, without their styles, in at most `longest` characters."""
    if node is None:
        return ""
    writer = _Writer()
    _walk(node, writer, pre=False, depth=0)
    return "".join(writer.pieces).strip()[:longest]


def joined(texts: Sequence[StyledText]) -> StyledText:
    """Several texts as one, with an empty line between two."""
    whole, entities = "", list[dict[str, Any]]()
    for each in texts:
        whole += "\n\n" if whole else ""
        begin = utf16_length(whole)
        entities += [{**entity, "offset": entity["offset"] + begin} for entity in each.entities]
        whole += each.text
    return StyledText(whole, tuple(entities))


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: a character outside the basic plane counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


@dataclass(slots=True)
class _Writer:
    """A text that grows, and where it stands."""

    pieces: list[str] = field(default_factory=list[str])
    entities: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    units: int = 0
    characters: int = 0
    last: str = ""
    block_ended: bool = False
    line_begun_at: int = -1

    def write(self, text: str, *, pre: bool) -> None:
        if not pre:
            text = self._joined(text)
        if not text:
            return
        if self.block_ended and not text.startswith("\n"):
            self.line_begun_at = self.units
            self._append("\n")
        self.block_ended = False
        self._append(text)

    def _append(self, text: str) -> None:
        self.pieces.append(text)
        self.units += utf16_length(text)
        self.characters += len(text)
        self.last = text[-1]

    def begin_block(self) -> None:
        """A block stands on lines of its own, which the markup does not write down."""
        if self.last not in {"", "\n"}:
            self.write("\n", pre=True)

    def style(self, begin: int, entity: dict[str, Any] | None) -> None:
        if entity and self.units > begin:
            self.entities.append({**entity, "offset": begin, "length": self.units - begin})

    def _joined(self, text: str) -> str:
        joined = BROKEN_LINE.sub(" ", text.replace("\0", ""))
        if self.last in {"", "\n"} and BROKEN_LINE.match(text):
            return joined[1:]
        return joined


def _walk(node: LexborNode, writer: _Writer, *, pre: bool, depth: int) -> None:
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text":
            writer.write(child.text_content or "", pre=pre)
        elif tag == "br":
            writer.write("\n", pre=True)
        elif tag == "tg-emoji" or (tag == "i" and has_class(child, "emoji")):
            _emoji(child, writer)
        elif tag not in SILENT:
            _element(child, tag, writer, pre=pre, depth=depth + 1)


def _emoji(node: LexborNode, writer: _Writer) -> None:
    """An emoji is a picture with its character inside; a custom one has a number besides."""
    begin = writer.units
    writer.write(node.text(deep=True).strip(), pre=True)
    if number := attribute(node, "emoji-id"):
        writer.style(begin, {"type": "custom_emoji", "document_id": number[:256]})


def _element(node: LexborNode, tag: str, writer: _Writer, *, pre: bool, depth: int) -> None:
    if depth > DEEPEST:
        writer.write(node.text(deep=True), pre=pre)
        return
    if tag in BLOCKS:
        writer.begin_block()
    begin, piece = writer.units, len(writer.pieces)
    _walk(node, writer, pre=pre or tag == "pre", depth=depth)
    text = "".join(writer.pieces[piece:])
    if writer.line_begun_at == begin:  # the line break between a block and this is no part of it
        begin, text = begin + 1, text[1:]
    writer.style(begin, _style(node, tag, text, pre=pre))
    writer.block_ended = tag in BLOCKS or writer.block_ended


def _style(node: LexborNode, tag: str, text: str, *, pre: bool) -> dict[str, Any] | None:
    if tag == "a":
        return link_entity(text, attribute(node, "href"), confirmed="onclick" in node.attributes)
    if tag == "span" and has_class(node, "tg-spoiler"):
        return {"type": "spoiler"}
    if tag == "blockquote" and "expandable" in node.attributes:
        return {"type": "blockquote", "collapsed": True}
    if tag == "pre":
        return {"type": "pre", **_language(node)}
    if tag == "code" and pre:
        return None  # it only carries the language
    return {"type": STYLES[tag]} if tag in STYLES else None


def _language(node: LexborNode) -> dict[str, str]:
    code = node.css_first("code[class]", default=None)
    classes = f"{attribute(node, 'class')} {attribute(code, 'class')}".split()
    named = [name.removeprefix("language-") for name in classes if name.startswith("language-")]
    return {"language": named[0][:64]} if named and named[0] else {}


def _stripped(text: str, entities: list[dict[str, Any]]) -> StyledText:
    """Without the spaces around it, of which Telegram keeps none either."""
    kept = text.strip()
    before = utf16_length(text[: len(text) - len(text.lstrip())])
    length = utf16_length(kept)
    clipped = [_clipped(entity, before, length) for entity in entities]
    ordered = sorted((entity for entity in clipped if entity["length"] > 0), key=_place)
    return StyledText(kept, tuple(ordered))


def _clipped(entity: dict[str, Any], before: int, length: int) -> dict[str, Any]:
    begin = max(0, entity["offset"] - before)
    end = min(length, entity["offset"] + entity["length"] - before)
    return {**entity, "offset": begin, "length": end - begin}


def _place(entity: dict[str, Any]) -> tuple[int, int, str]:
    return entity["offset"], -entity["length"], entity["type"]
