"""What a post says and shows."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.albums import texts
from tg_parser.ingestor.adapters.preview.links import address
from tg_parser.ingestor.adapters.preview.markup import attribute, every, first, has_class, inside
from tg_parser.ingestor.adapters.preview.media import PREFIX, QUOTED, media_nodes, medium
from tg_parser.ingestor.adapters.preview.polls import poll_of
from tg_parser.ingestor.adapters.preview.service import action_of
from tg_parser.ingestor.adapters.preview.text import StyledText, joined, plain_text, styled_text

LONGEST_LINE: Final = 1_024
LONGEST_DESCRIPTION: Final = 4_096
MOST_BUTTONS: Final = 100
UNSUPPORTED: Final = "message_media_not_supported"
COORDINATES: Final = re.compile(r"(?P<latitude>-?[0-9.]{1,20}),(?P<longitude>-?[0-9.]{1,20})", re.ASCII)


def content_of(widget: LexborNode) -> dict[str, Any]:
    """As `TelegramMessage` takes it. Raises Unreadable if its text is longer than any message can be."""
    if has_class(widget, "service_message"):
        return {"kind": "service", "action": action_of(" ".join(plain_text(node) for node in texts(widget)))}
    styled = _text(widget)
    content: dict[str, Any] = {
        "text": styled.text,
        "entities": styled.entities,
        "media": [medium(node) for node in media_nodes(widget)],
        "poll": poll_of(widget),
        "place": _place(widget),
        "contact_name": _contact(widget),
        "buttons": _buttons(widget),
        "link_preview": _link_preview(widget),
    }
    return {**content, "kind": _kind(widget, content)}


def _kind(widget: LexborNode, content: dict[str, Any]) -> str:
    """The text of a post that the page shows only in part counts for more than the notice about the rest."""
    if content["poll"]:
        return "poll"
    if first(widget, f"{PREFIX}location_wrap"):
        return "location"
    if content["contact_name"]:
        return "contact"
    if content["media"]:
        return str(content["media"][0]["kind"])
    if content["text"]:
        return "text"
    return "unsupported" if first(widget, UNSUPPORTED) else "other"


def _text(widget: LexborNode) -> StyledText:
    """One text as a rule; the captions of files that could not be told apart follow each other."""
    return joined([styled_text(node) for node in texts(widget)])


def _link_preview(widget: LexborNode) -> dict[str, Any] | None:
    node = first(widget, f"{PREFIX}link_preview")
    url = address(attribute(node, "href"), confirmed="onclick" in node.attributes) if node is not None else None
    if node is None or url is None:
        return None
    return {
        "url": url,
        "site_name": plain_text(first(node, "link_preview_site_name"), LONGEST_LINE) or None,
        "title": plain_text(first(node, "link_preview_title"), LONGEST_LINE) or None,
        "description": plain_text(first(node, "link_preview_description"), LONGEST_DESCRIPTION) or None,
    }


def _buttons(widget: LexborNode) -> list[dict[str, Any]]:
    nodes = every(widget, f"{PREFIX}inline_button")[:MOST_BUTTONS]
    buttons = [
        {
            "text": plain_text(node, LONGEST_LINE),
            "url": address(attribute(node, "href"), confirmed="onclick" in node.attributes),
        }
        for node in nodes
    ]
    return [button for button in buttons if button["text"]]


def _contact(widget: LexborNode) -> str | None:
    """The name; the number is not kept."""
    node = first(widget, f"{PREFIX}contact_name")
    return (plain_text(node, LONGEST_LINE) or None) if node is not None and not inside(node, *QUOTED) else None


def _place(widget: LexborNode) -> dict[str, Any] | None:
    """Where the map's link points to; some links lead to a page about the place, which has no coordinates."""
    node = first(widget, f"{PREFIX}location_wrap")
    if node is None:
        return None
    try:
        asked = parse_qs(urlsplit(attribute(node, "href")).query).get("q", [""])[0]
    except ValueError:
        return None
    found = COORDINATES.fullmatch(asked)
    if found is None or not _on_earth(found["latitude"], found["longitude"]):
        return None
    return {
        "latitude": float(found["latitude"]),
        "longitude": float(found["longitude"]),
        "title": plain_text(first(node, f"{PREFIX}location_title"), LONGEST_LINE) or None,
        "address": plain_text(first(node, f"{PREFIX}location_address"), LONGEST_LINE) or None,
    }


def _on_earth(latitude: str, longitude: str) -> bool:
    try:
        return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180
    except ValueError:
        return False
