"""A post's counters, most of them rounded: how often it was seen, and how many reacted with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborNode

from tg_parser.contracts.messages import MessageMetrics
from tg_parser.ingestor.adapters.preview.markup import attribute, every, first, has_class, inside
from tg_parser.ingestor.adapters.preview.media import PREFIX, QUOTED
from tg_parser.ingestor.adapters.preview.numbers import Count, count
from tg_parser.ingestor.adapters.preview.text import plain_text

MOST_REACTIONS: Final = 100
LONGEST_NAME: Final = 64


def metrics_of(widget: LexborNode) -> MessageMetrics | None:
    """What the page tells; None if it tells nothing, as of service messages and of all but the first of an album."""
    seen = first(widget, f"{PREFIX}views")
    views = count(plain_text(seen)) if seen is not None else None
    reactions = dict(_reactions(widget))
    if views is None and not reactions:
        return None
    exact = all(told.exact for told in (views, *reactions.values()) if told)
    counted = {name: told.value for name, told in reactions.items()} or None
    return MessageMetrics(views=views.value if views else None, reactions=counted, exact=exact)


def _reactions(widget: LexborNode) -> Iterator[tuple[str, Count]]:
    """By emoji, by the number of a custom emoji, or `paid`: as exports name them."""
    for node in every(widget, "tgme_reaction")[:MOST_REACTIONS]:
        own_words = "".join(part.text_content or "" for part in node.iter(include_text=True) if part.is_text_node)
        told = count(own_words.strip())
        if (name := _name(node)) and told and not inside(node, *QUOTED):
            yield name, told


def _name(node: LexborNode) -> str:
    if has_class(node, "tgme_reaction_paid"):
        return "paid"
    if number := attribute(node.css_first("[emoji-id]", default=None), "emoji-id"):
        return number[:LONGEST_NAME]
    return plain_text(node.css_first("i.emoji", default=None), LONGEST_NAME)
