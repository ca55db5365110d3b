"""How a CommonMark parser reads a rendering, and how Telegram would show the post: character by character, to be compared.

Nothing of the renderer takes part. Characters that are seen are compared with their styles, and whether a space or a line's
end stands before each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tg_parser.contracts.messages import TextEntity

Gap = Literal["", " ", "\n"]
TAGS: Final = {"strong": "bold", "em": "italic", "del": "strikethrough", "u": "underline", "tg-spoiler": "spoiler"}
TOKENS: Final = {"strong": "bold", "em": "italic", "s": "strikethrough"}
STYLES: Final = {"bold", "italic", "underline", "strikethrough", "spoiler", "code"}
TAG: Final = re.compile(r"<(/?)([a-z-]+)>")
NOT_FOLLOWED: Final = re.compile(r"\s*(javascript|vbscript|data|file)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One character that is seen: what stands before it, how it looks, and where it leads (`""`: nowhere)."""

    gap: Gap
    character: str
    styles: frozenset[str]
    url: str


@dataclass(slots=True)
class Page:
    """Characters in order, and what stands between the last and the next."""

    seen: list[Seen] = field(default_factory=list[Seen])
    gap: Gap = "\n"

    def write(self, text: str, styles: Iterable[str], url: str = "") -> None:
        """Add a piece of text in one style."""
        kept = frozenset(styles)
        for character in text:
            if character == "\n":
                self.gap = "\n"
            elif character.isspace():
                self.gap = self.gap or " "
            else:
                self.seen.append(Seen(self.gap, character, kept, url))
                self.gap = ""

    def break_line(self) -> None:
        """The next character begins a line."""
        self.gap = "\n"


def parser() -> MarkdownIt:
    """CommonMark with the extensions the renderer uses; every link is followed and kept as it is written."""
    markdown = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    markdown.normalizeLink = lambda url: url  # pyright: ignore[reportAttributeAccessIssue]
    markdown.validateLink = lambda url: True  # pyright: ignore[reportAttributeAccessIssue]
    return markdown


PARSER: Final = parser()


def as_parsed(rendering: str) -> list[Seen]:
    """What a reader of the rendering sees."""
    page = Page()
    around: list[str] = []
    for token in PARSER.parse(rendering):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        page.break_line()
        if token.nesting:
            if kind != "paragraph":
                around.append(kind) if token.nesting > 0 else around.pop()
        elif kind == "inline":
            _write_inline(page, token.children or [], around)
        elif kind == "fence":
            page.write(token.content, [*around, "pre"])
            page.break_line()
        else:  # rules, indented code, blocks of HTML: nothing of the kind should be there
            page.write(token.content or token.markup, [*around, kind])
    return page.seen


def _write_inline(page: Page, tokens: Sequence[Token], around: Sequence[str]) -> None:
    styles: list[str] = []
    urls: list[str] = []
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        tag = TAG.fullmatch(token.content) if token.type == "html_inline" else None
        if name == "link":
            urls.append(str(token.attrGet("href"))) if token.nesting > 0 else urls.pop()
        elif name in TOKENS or (tag and tag[2] in TAGS):
            style = TAGS[tag[2]] if tag else TOKENS[name]
            closes = bool(tag and tag[1]) or token.nesting < 0
            if not closes:
                styles.append(style)
            elif style in styles:
                styles.remove(style)
            else:
                page.write(token.content, [token.type])
        elif token.type == "hardbreak":
            page.break_line()
        elif token.type in {"text", "code_inline"}:
            page.write(
                token.content,
                [*around, *styles, *(["code"] if token.type == "code_inline" else [])],
                urls[-1] if urls else "",
            )
        else:  # a picture, a soft break, a tag of the post's own
            page.write(token.content or f"<{token.type}>", [*around, *styles, token.type])


def as_shown(text: str, entities: Sequence[TextEntity]) -> list[Seen]:
    """What Telegram shows of a text, by its entities alone."""
    page = Page()
    fences, quotes, links = (_first_of(text, entities, kind) for kind in ("pre", "blockquote", "text_link"))
    links = [each for each in links if each.url and not NOT_FOLLOWED.match(each.url)]
    blocks: tuple[Any, Any] | None = None
    unit = 0
    for character in text.replace("\r\n", " \n").replace("\r", "\n"):
        width = 2 if ord(character) > 0xFFFF else 1
        fence, quote, link = (_at(found, unit, width) for found in (fences, quotes, links))
        if not character.isspace():
            if blocks is not None and blocks != (fence, quote):
                page.break_line()
            blocks = (fence, quote)
        styles = {each.type for each in entities if each.type in STYLES and _covers(each, unit, width)}
        around = {"blockquote"} if quote else set[str]()
        page.write(character, around | ({"pre"} if fence else styles), "" if fence or not link else str(link.url))
        unit += width
    return page.seen


def _first_of(text: str, entities: Iterable[TextEntity], kind: str) -> list[TextEntity]:
    """Of several at one place the first counts: it begins earlier, or is longer."""
    units = [at for at, character in enumerate(text) for _ in range(2 if ord(character) > 0xFFFF else 1)]
    found = [each for each in entities if each.type == kind and each.length and each.offset < len(units)]
    last = len(units) - 1
    return sorted(found, key=lambda each: (units[each.offset], -units[min(each.offset + each.length - 1, last)]))


def _at(entities: Iterable[TextEntity], unit: int, width: int) -> TextEntity | None:
    return next((each for each in entities if _covers(each, unit, width)), None)


def _covers(entity: TextEntity, unit: int, width: int) -> bool:
    return bool(entity.length) and entity.offset < unit + width and unit < entity.offset + entity.length


def differences(text: str, entities: Sequence[TextEntity], rendering: str) -> Iterator[str]:
    """Where a reader sees something else than Telegram shows, as sentences."""
    shown, parsed = as_shown(text, entities), as_parsed(rendering)
    if [each.character for each in shown] != [each.character for each in parsed]:
        yield f"other characters: {''.join(each.character for each in parsed)!r}"
        return
    addresses = set(_covered(text, entities))
    for at, (one, other) in enumerate(zip(shown, parsed, strict=True)):
        if one.gap != other.gap and at:
            yield f"{one.gap!r} before {one.character!r} ({at}) became {other.gap!r}"
        if one.styles != other.styles:
            yield f"{one.character!r} ({at}) is {sorted(one.styles)}, not {sorted(other.styles)}"
        if _same(one.url) != _same(other.url) and (one.url or other.url not in addresses):
            yield f"{one.character!r} ({at}) leads to {one.url!r}, not {other.url!r}"


def _covered(text: str, entities: Iterable[TextEntity]) -> Iterator[str]:
    units = text.encode("utf-16-le")
    for each in entities:
        if each.type == "link":
            yield units[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le", "ignore").strip()


def _same(url: str) -> str:
    """Addresses are alike if they are once what must be written with `%` is."""
    return re.sub(r"[\s<>\\`|\x00-\x1f\x7f]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), url)
