"""A message's elements: what of it stands where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

PARTS: Final = frozenset(
    {"date", "from_name", "forwarded", "reply_to", "media_wrap", "text", "bot_buttons_table", "signature", "reactions"}
)
"""Classes that name the parts of a message's body."""
DEEPEST: Final = 200  # levels; messages have ten


def element_of(html: str) -> LexborNode:
    """The element of one message. Raises Unreadable if there is none."""
    body = LexborHTMLParser(html).body
    element = next(elements(body), None) if body else None
    if element is None:
        raise Unreadable("It holds no message.")
    return element


def elements(parent: LexborNode) -> Iterator[LexborNode]:
    """The elements in an element, in order."""
    child = parent.child
    while child is not None:
        if child.is_element_node:
            yield child
        child = child.next


def classes(element: LexborNode) -> frozenset[str]:
    """The classes of an element."""
    return frozenset((element.attributes.get("class") or "").split())


def child(parent: LexborNode, name: str) -> LexborNode | None:
    """The first element in an element that has the class `name`."""
    return next((element for element in elements(parent) if name in classes(element)), None)


def inner(parent: LexborNode, name: str) -> LexborNode | None:
    """The first element at any depth that has the class `name`."""
    return parent.css_first(f".{name}")


def parts(body: LexborNode) -> dict[str, LexborNode]:
    """The parts of a body by name, the first of each."""
    found: dict[str, LexborNode] = {}
    for element in elements(body):
        names = classes(element)
        if "userpic_wrap" in names:
            continue
        for name in names & PARTS:
            found.setdefault(name, element)
    return found


def words(element: LexborNode | None) -> str:
    """The text of an element in one line; empty if there is no element."""
    return " ".join(element.text().replace("\0", "").split()) if element is not None else ""


def name_in(element: LexborNode) -> str:
    """The text that stands in an element itself, space for space but for those around it."""
    return element.text(deep=False).replace("\0", "").strip()
