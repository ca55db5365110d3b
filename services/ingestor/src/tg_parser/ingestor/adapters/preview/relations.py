"""How a post relates to others: what it answers, where it was forwarded from, who signed it."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.albums import place_in_album
from tg_parser.ingestor.adapters.preview.identity import POST
from tg_parser.ingestor.adapters.preview.markup import attribute, every, first, inside
from tg_parser.ingestor.adapters.preview.media import PREFIX
from tg_parser.ingestor.adapters.preview.text import plain_text

LONGEST_NAME: Final = 256
BOT: Final = re.compile(r"@(?P<name>[A-Za-z0-9_]{2,64})", re.ASCII)


def relations_of(widget: LexborNode, channel_name: str) -> dict[str, Any]:
    """As `TelegramMessage` takes them.

    Other channels are known by user names here, which are no identity. An answer to a post of another channel is therefore not
    told, and of a forwarded post only the name of its source and its number there. What an answer shows of the answered post
    may be a quote or just how it begins, so it is not taken for a quote.
    """
    relations: dict[str, Any] = {
        "author": plain_text(first(widget, f"{PREFIX}from_author"), LONGEST_NAME) or None,
        "via_bot": _via_bot(widget),
        "reply_to_message_id": _answered(first(widget, f"{PREFIX}reply"), channel_name),
        "forwarded_from": _origin(first(widget, f"{PREFIX}forwarded_from")),
    }
    if place := place_in_album(widget):
        relations |= {"grouped_id": f"inferred:{place[1]}", "grouped_inferred": True}
    return relations


def _answered(reply: LexborNode | None, channel_name: str) -> int | None:
    linked = _linked_post(attribute(reply, "href"))
    return linked[1] if linked and linked[0].lower() == channel_name.lower() else None


def _origin(forwarded: LexborNode | None) -> dict[str, Any] | None:
    """Without a link, it was a person, or somebody who hides."""
    if forwarded is None:
        return None
    named = first(forwarded, f"{PREFIX}forwarded_from_name")
    linked = _linked_post(attribute(named, "href"))
    return {"name": plain_text(named, LONGEST_NAME) or None, "message_id": linked[1] if linked else None}


def _via_bot(widget: LexborNode) -> str | None:
    for node in every(widget, f"{PREFIX}via_bot"):
        found = BOT.fullmatch(plain_text(node, LONGEST_NAME))
        if found and not inside(node, f"{PREFIX}reply"):
            return found["name"]
    return None


def _linked_post(href: str) -> tuple[str, int] | None:
    try:
        found = POST.fullmatch(urlsplit(href).path.strip("/"))
    except ValueError:
        return None
    return (found["name"], int(found["id"])) if found else None
