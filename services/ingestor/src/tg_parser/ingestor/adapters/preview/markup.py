"""Finding one's way in Telegram's markup: everything has a class, and an element may have many of them."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

DEEPEST = 256  # ancestors looked at: markup nested deeper than this is nobody's


def fragment(markup: str, css_class: str) -> LexborNode | None:
    """The first element of this class in a piece of markup."""
    return LexborHTMLParser(markup).css_first(f".{css_class}", default=None)


def first(node: LexborNode, css_class: str) -> LexborNode | None:
    """The first element of this class, `node` among them."""
    return node.css_first(f".{css_class}", default=None)


def every(node: LexborNode, *css_classes: str) -> list[LexborNode]:
    """All elements of any of these classes in the order of the page."""
    return node.css(", ".join(f".{css_class}" for css_class in css_classes))


def has_class(node: LexborNode, css_class: str) -> bool:
    """Whether an element has this class among others."""
    return css_class in (node.attributes.get("class") or "").split()


def attribute(node: LexborNode | None, name: str) -> str:
    """The value of an attribute; empty if there is none."""
    return (node.attributes.get(name) or "") if node is not None else ""


def inside(node: LexborNode, *css_classes: str) -> bool:
    """Whether an element has an ancestor of any of these classes."""
    return any(has_class(ancestor, css_class) for ancestor in _ancestors(node) for css_class in css_classes)


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    for _ in range(DEEPEST):
        if above is None:
            return
        yield above
        above = above.parent
