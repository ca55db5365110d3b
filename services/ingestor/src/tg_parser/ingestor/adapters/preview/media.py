"""What hangs on a post besides its text. Only what it is: addresses of files hold a token that expires, and are not kept."""

from __future__ import annotations

import re
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.markup import attribute, every, first, has_class, inside
from tg_parser.ingestor.adapters.preview.numbers import seconds
from tg_parser.ingestor.adapters.preview.text import plain_text

PREFIX: Final = "tgme_widget_message_"
KINDS: Final = {
    f"{PREFIX}photo_wrap": "photo",
    f"{PREFIX}video_player": "video",
    f"{PREFIX}roundvideo_player": "round",
    f"{PREFIX}voice_player": "voice",
    f"{PREFIX}document_wrap": "file",
    f"{PREFIX}sticker": "sticker",
    f"{PREFIX}tgsticker": "sticker",
    f"{PREFIX}videosticker": "sticker",
}
QUOTED: Final = (f"{PREFIX}reply", f"{PREFIX}link_preview", f"{PREFIX}user")
"""What stands in these belongs to another post, another site or the channel itself."""
DURATIONS: Final = ("message_video_duration", f"{PREFIX}roundvideo_duration", f"{PREFIX}voice_duration")
HIDDEN: Final = "hidden"
"""Marks the places of an album's other items in the markup of one of them."""
ITEM: Final = re.compile(r".*/(?P<id>[0-9]{1,15})(?:\?single)?/?", re.ASCII)
LONGEST_NAME: Final = 1_024


def media_nodes(widget: LexborNode) -> list[LexborNode]:
    """The photos, videos and files of a post."""
    shown = (node for node in every(widget, *KINDS) if HIDDEN not in node.attributes)
    return [node for node in shown if not inside(node, *QUOTED)]


def item_id(node: LexborNode) -> int | None:
    """The message id of one item of an album, which its link tells."""
    found = ITEM.fullmatch(attribute(node, "href"))
    return int(found["id"]) if found else None


def kind_of(node: LexborNode) -> str:
    """What a medium is. A video without a button to play it is an animation: it plays by itself."""
    kind = next(kind for css_class, kind in KINDS.items() if has_class(node, css_class))
    if kind == "video" and not first(node, "message_video_play") and not first(node, "message_video_duration"):
        return "animation"
    if kind == "file" and node.css_first(f".{PREFIX}document_icon.audio", default=None):
        return "audio"
    return kind


def medium(node: LexborNode) -> dict[str, Any]:
    """A medium as `Media` takes it."""
    kind = kind_of(node)
    entry: dict[str, Any] = {"kind": kind, "state": _state(node, kind)}
    clocks = every(node, *DURATIONS)
    if clocks and (duration := seconds(plain_text(clocks[0]))) is not None:
        entry["duration_seconds"] = duration
    if kind in {"file", "audio"}:
        entry |= _document(node, kind)
    return entry


def _document(node: LexborNode, kind: str) -> dict[str, str]:
    """A file has a name and a size, which is rounded and left out; a piece of music has a title and who plays it."""
    title = plain_text(first(node, f"{PREFIX}document_title"), LONGEST_NAME)
    extra = plain_text(first(node, f"{PREFIX}document_extra"), LONGEST_NAME)
    named = {"title": title, "performer": extra} if kind == "audio" else {"file_name": title}
    return {name: value for name, value in named.items() if value}


def _state(node: LexborNode, kind: str) -> str:
    """`unavailable`: too big, or hidden as sensitive. Files are never shown, whatever their size."""
    if kind in {"file", "audio"}:
        return "not_exported"
    if kind == "photo":
        return "available" if "url(" in attribute(node, "style") else "unavailable"
    if kind == "sticker":
        return "available"
    shown = node.css_first("video[src], audio[src]", default=None)
    return "available" if shown else "unavailable"
