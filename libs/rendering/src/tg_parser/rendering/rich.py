"""Blocks of rich messages and instant views (core.telegram.org/type/PageBlock), each by its constructor's name.

A constructor nobody knew when this was written still says the text and the blocks inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

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
)
from tg_parser.rendering.rich_tables import table_of
from tg_parser.rendering.rich_text import styled_of
from tg_parser.rendering.styled import Range, Styled, joined

Node = Mapping[str, Any]

DEEPEST: Final = 16
"""Blocks inside each other that are shown."""
HEADINGS: Final[Mapping[str, int]] = {
    "Title": 1, "Subtitle": 2, "Header": 2, "Subheader": 3,
    "Heading1": 1, "Heading2": 2, "Heading3": 3, "Heading4": 4, "Heading5": 5, "Heading6": 6,
}  # fmt: skip
MEDIA: Final[Mapping[str, str]] = {
    "Photo": "photo",
    "Video": "video",
    "Audio": "audio",
    "Document": "file",
    "Embed": "embed",
}
SILENT: Final = frozenset({"Anchor", "Thinking"})


def rich_blocks(blocks: Iterable[Any], *, truncated: bool = False) -> tuple[Block, ...]:
    """The blocks of a rich message. `truncated`: only its beginning is known, and that is said."""
    found = tuple(_blocks(blocks, DEEPEST))
    return (*found, Prose(Styled("[…]"))) if truncated else found


def _blocks(nodes: Any, depth: int) -> Iterator[Block]:
    if depth:
        for node in _objects(nodes):
            yield from _block(node, depth - 1)


def _block(node: Node, depth: int) -> Iterator[Block]:
    name = str(node.get("_", "")).removeprefix("pageBlock")
    if name in HEADINGS:
        yield Heading(HEADINGS[name], styled_of(node.get("text")))
    elif name in MEDIA:
        yield Shown(MEDIA[name], _caption(node))
    elif name in WRITERS:
        yield from WRITERS[name](node, depth)
    elif name not in SILENT:
        yield from _unknown(node, depth)


def _unknown(node: Node, depth: int) -> Iterator[Block]:
    yield from _prose(styled_of(node.get("text") or node.get("title")))
    yield from _blocks(node.get("blocks") or node.get("items"), depth)
    yield from _prose(_caption(node))


def _preformatted(node: Node, depth: int) -> Iterator[Block]:
    language = node.get("language")
    yield Preformatted(styled_of(node.get("text")).text.strip("\n"), language if isinstance(language, str) else "")


def _quote(node: Node, depth: int) -> Iterator[Block]:
    said = (*_prose(styled_of(node.get("text"))), *_blocks(node.get("blocks"), depth))
    yield Quote((*said, *_prose(_caption(node), style="italic")))


def _list(node: Node, depth: int) -> Iterator[Block]:
    yield Listing(tuple(_item(item, depth) for item in _objects(node.get("items"))))


def _ordered(node: Node, depth: int) -> Iterator[Block]:
    start = node.get("start")
    first = start if type(start) is int and 0 <= start < 10**9 else 1
    yield Listing(tuple(_item(item, depth) for item in _objects(node.get("items"))), first)


def _item(node: Node, depth: int) -> Item:
    ticked = bool(node.get("checked")) if node.get("checkbox") else None
    return Item((*_prose(styled_of(node.get("text"))), *_blocks(node.get("blocks"), depth)), ticked)


def _details(node: Node, depth: int) -> Iterator[Block]:
    yield from _prose(styled_of(node.get("title")), style="bold")
    yield from _blocks(node.get("blocks"), depth)


def _table(node: Node, depth: int) -> Iterator[Block]:
    yield from _prose(styled_of(node.get("title")), style="bold")
    yield table_of(_objects(node.get("rows")))


def _gallery(node: Node, depth: int) -> Iterator[Block]:
    yield from _blocks(node.get("items"), depth)
    yield from _prose(_caption(node))


def _map(node: Node, depth: int) -> Iterator[Block]:
    geo = node.get("geo")
    point = geo if isinstance(geo, Mapping) else {}
    where = [point.get("lat"), point.get("long")]
    known = all(isinstance(degrees, (int, float)) for degrees in where)
    yield Shown("map", _caption(node))
    if known:
        yield Prose(Styled(f"{where[0]}, {where[1]}"))


def _articles(node: Node, depth: int) -> Iterator[Block]:
    yield from _prose(styled_of(node.get("title")), style="bold")
    links = (
        _link(_word(article.get("title")) or _word(article.get("url")), article)
        for article in _objects(node.get("articles"))
    )
    yield Listing(tuple(Item((Prose(link),)) for link in links if link.text))


def _buttons(node: Node, depth: int) -> Iterator[Block]:
    buttons = (_link(styled_of(button.get("text")).text, button) for button in _objects(node.get("buttons")))
    yield Listing(tuple(Item((Prose(button),)) for button in buttons if button.text))


def _link(text: str, node: Node) -> Styled:
    kind = node.get("type")
    url = _word(node.get("url")) or (_word(kind.get("url")) if isinstance(kind, Mapping) else "")
    return Styled(text, (Range(0, len(text), "link", url),) if url else ())


def _small(node: Node, depth: int) -> Iterator[Block]:
    yield from _prose(styled_of(node.get("text")), style="italic")


def _author(node: Node, depth: int) -> Iterator[Block]:
    date = _word(node.get("published_date"))[:10]
    author = styled_of(node.get("author"))
    between = Styled(" · " if author.text and date else "")
    yield from _prose(joined((author, between, Styled(date))))


def _cover(node: Node, depth: int) -> Iterator[Block]:
    yield from _blocks([node.get("cover")], depth)


def _channel(node: Node, depth: int) -> Iterator[Block]:
    channel = node.get("channel")
    yield from _prose(Styled(_word(channel.get("title")) if isinstance(channel, Mapping) else ""))


def _embedded_post(node: Node, depth: int) -> Iterator[Block]:
    said = tuple(_blocks(node.get("blocks"), depth))
    yield Quote((*_prose(_link(_word(node.get("author")), node)), *said, *_prose(_caption(node))))


WRITERS: Final[Mapping[str, Callable[[Node, int], Iterator[Block]]]] = {
    "Kicker": _small,
    "Footer": _small,
    "AuthorDate": _author,
    "Preformatted": _preformatted,
    "Blockquote": _quote,
    "BlockquoteBlocks": _quote,
    "Pullquote": _quote,
    "List": _list,
    "OrderedList": _ordered,
    "Details": _details,
    "Table": _table,
    "Collage": _gallery,
    "Slideshow": _gallery,
    "Map": _map,
    "Math": lambda node, depth: iter((Formula(_word(node.get("source"))),)),
    "Divider": lambda node, depth: iter((Rule(),)),
    "Cover": _cover,
    "Channel": _channel,
    "EmbedPost": _embedded_post,
    "RelatedArticles": _articles,
    "ButtonRow": _buttons,
    "Unsupported": lambda node, depth: iter((Shown("unsupported"),)),
}


def _prose(styled: Styled, *, style: str = "") -> Iterator[Block]:
    if not styled.text.strip():
        return
    match style:
        case "bold" | "italic":
            yield Prose(styled.with_style(style))
        case _:
            yield Prose(styled)


def _caption(node: Node) -> Styled:
    """A caption, or what it says and whom it is by."""
    caption = node.get("caption")
    if not isinstance(caption, Mapping):
        return Styled("")
    text, credit = styled_of(caption), styled_of(caption.get("credit"))
    return joined((text, Styled(" — "), credit)) if text.text and credit.text else (text if text.text else credit)


def _objects(value: Any) -> list[Node]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, (list, tuple)) else []


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
