"""A page of posts: what channel it is of, and the messages on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tg_parser.ingestor.adapters.preview.albums import POST, album_ids, originals
from tg_parser.ingestor.adapters.preview.identity import channel_of, post_of
from tg_parser.ingestor.adapters.preview.markup import attribute
from tg_parser.ingestor.adapters.preview.post import Post, date_of, read_post
from tg_parser.ingestor.adapters.preview.text import plain_text
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable

HEADER: Final = ".tgme_channel_info, .tgme_header_info, .tgme_channel_history"
TITLE: Final = ".tgme_channel_info_header_title"
LONGEST_TITLE: Final = 256
MOST_POSTS: Final = 200  # ten times what was ever seen on a page


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of a page, or the sentence that says why it cannot be read, and its markup."""

    message_id: int
    found: Post | str
    original: str


@dataclass(frozen=True, slots=True)
class Widget:
    """A post of a page with its messages, several if it is an album: their ids lie between `first` and `last`."""

    first: int
    last: int
    date: datetime | None
    messages: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The posts of a page, newest first. `older`: it says itself that there are older ones."""

    name: str
    title: str
    channel_id: str | None
    older: bool
    widgets: tuple[Widget, ...]


def read_page(markup: str, name: str, *, channel_id: str | None = None) -> PreviewPage | None:
    """The page of the channel `name`; None if it is no page of a channel.

    `channel_id` is believed where the page itself tells none. Raises Unreadable if nothing on a page of a channel can be read.
    """
    tree = LexborHTMLParser(markup)
    nodes = every_post(tree)
    if tree.css_first(HEADER, default=None) is None and not nodes:
        return None
    posts = [(node, named) for node in nodes if (named := post_of(node))]
    if nodes and not posts:
        raise Unreadable("none of its posts has a number")
    told = _channel([node for node, _ in posts])
    own = [(node, named) for node, named in posts if told is None or channel_of(node) in {told, None}]
    channel = told or channel_id
    widgets = {named[1]: _widget(node, named[1], channel) for node, named in own} if channel else _unnamed(own)
    _check(list(widgets.values()))
    return PreviewPage(
        name=own[0][1][0] if own else name,
        title=_title(tree),
        channel_id=channel,
        older=_older(tree),
        widgets=tuple(widgets[number] for number in sorted(widgets, reverse=True)),
    )


def every_post(tree: LexborHTMLParser) -> Sequence[LexborNode]:
    """The posts of a page, advertisements among them."""
    return tree.css(f".{POST}")[:MOST_POSTS]


def _channel(widgets: Sequence[LexborNode]) -> str | None:
    """The channel most posts are of: an advertisement among them is of another."""
    told = Counter(filter(None, map(channel_of, widgets)))
    return told.most_common(1)[0][0] if told else None


def _widget(node: LexborNode, number: int, channel_id: str) -> Widget:
    ids = album_ids(node)
    pieces = originals(node)
    named = ids if len(ids) == len(pieces) else [number]
    messages = tuple(_shown(each, original, channel_id) for each, original in zip(named, pieces, strict=True))
    return Widget(min(number, *named), max(number, *named), _date(node), messages)


def _unnamed(own: Sequence[tuple[LexborNode, tuple[str, int]]]) -> dict[int, Widget]:
    """Posts of a channel nobody knows the number of: that there are some, and which."""
    return {number: Widget(number, number, None, ()) for _, (_, number) in own}


def _shown(message_id: int, original: str, channel_id: str) -> Shown:
    try:
        return Shown(message_id, read_post(original, channel_id), original)
    except Unreadable as unreadable:
        return Shown(message_id, str(unreadable), original)


def _date(node: LexborNode) -> datetime | None:
    try:
        return date_of(node)
    except Unreadable:
        return None


def _check(widgets: Sequence[Widget]) -> None:
    """If no post of several can be read, it is not the posts' fault."""
    reasons = [shown.found for widget in widgets for shown in widget.messages if isinstance(shown.found, str)]
    if len(reasons) > 1 and len(reasons) == sum(len(widget.messages) for widget in widgets):
        raise Unreadable(f"none of its posts can be read: {reasons[0]}")


def _title(tree: LexborHTMLParser) -> str:
    """What the header says, else what the page tells those who link to it."""
    title = plain_text(tree.css_first(TITLE, default=None), LONGEST_TITLE)
    return title or attribute(tree.css_first('meta[property="og:title"]', default=None), "content")[:LONGEST_TITLE]


def _older(tree: LexborHTMLParser) -> bool:
    return any(_links(tree))


def _links(tree: LexborHTMLParser) -> Iterator[bool]:
    yield tree.css_first(".js-messages_more[data-before]", default=None) is not None
    yield "before=" in attribute(tree.css_first('link[rel="prev"]', default=None), "href")
