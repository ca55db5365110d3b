"""What stands under a message of a page: buttons and reactions."""

from __future__ import annotations

import re
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.desktop_html.nodes import child, classes, elements, words
from tg_parser.ingestor.adapters.exports.styled import LONGEST_URL

MOST: Final = 100
LONGEST: Final = 256
ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def buttons_of(table: LexborNode | None) -> list[dict[str, Any]]:
    """The buttons as `Button` takes them, row by row."""
    found = table.css(".bot_button") if table is not None else []
    buttons = [{"text": words(button)[:LONGEST], "url": _url(button)} for button in found[:MOST]]
    return [button for button in buttons if button["text"]]


def reactions_of(element: LexborNode | None) -> dict[str, int] | None:
    """How many of each; None if the page shows none. Who reacted is not kept."""
    if element is None:
        return None
    counts: dict[str, int] = {}
    for reaction in list(elements(element))[:MOST]:
        counts[_name(reaction)] = _count(reaction)
    return counts


def _url(button: LexborNode) -> str | None:
    link = next((part for part in elements(button) if part.tag == "a"), None)
    address = (link.attributes.get("href") or "") if link is not None else ""
    return address if ADDRESS.match(address) and len(address) <= LONGEST_URL else None


def _name(reaction: LexborNode) -> str:
    """As JSON exports name it: the emoji, a custom one's picture, or `paid`."""
    if "paid" in classes(reaction):
        return "paid"
    emoji = child(reaction, "emoji")
    picture = next(elements(emoji), None) if emoji is not None else None
    if picture is not None:
        return (picture.attributes.get("href") or "custom_emoji")[:LONGEST]
    return words(emoji)[:LONGEST] or "custom_emoji"


def _count(reaction: LexborNode) -> int:
    """The number that is written, or that of the faces where all of them are shown."""
    said = words(child(reaction, "count"))
    if said.isascii() and said.isdigit():
        return int(said[:12])
    faces = child(reaction, "userpics")
    return len(list(elements(faces))) if faces is not None else 1
