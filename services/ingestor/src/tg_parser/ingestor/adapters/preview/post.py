"""One post as a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError
from selectolax.lexbor import LexborNode

from tg_parser.contracts.messages import MessageMetrics, TelegramMessage
from tg_parser.ingestor.adapters.preview.albums import POST, place_in_album
from tg_parser.ingestor.adapters.preview.content import content_of
from tg_parser.ingestor.adapters.preview.counters import metrics_of
from tg_parser.ingestor.adapters.preview.identity import post_of
from tg_parser.ingestor.adapters.preview.markup import attribute, fragment
from tg_parser.ingestor.adapters.preview.media import PREFIX
from tg_parser.ingestor.adapters.preview.relations import relations_of
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable

PARSER_VERSION: Final = "preview/1"
"""Counts up with every change of what a post becomes."""
LARGEST: Final = 262_144  # characters of markup; the largest post anybody saw has a tenth


@dataclass(frozen=True, slots=True)
class Post:
    """A message, and its counters as the page showed them."""

    message: TelegramMessage
    metrics: MessageMetrics | None


def reparse(original: str, channel_id: str) -> TelegramMessage:
    """The message of a stored original. Raises Unreadable with a sentence that says why it is none."""
    return read_post(original, channel_id).message


def read_post(original: str, channel_id: str) -> Post:
    """What a post's markup says, that of one message. Raises Unreadable with a sentence that says why it says nothing."""
    if len(original) > LARGEST:
        raise Unreadable(f"Its markup has {len(original):,} characters; a post has at most {LARGEST:,}.")
    widget = fragment(original, POST)
    named = post_of(widget) if widget is not None else None
    if widget is None or named is None:
        raise Unreadable("It has no number.")
    metrics = metrics_of(widget)
    place = place_in_album(widget)
    members: dict[str, Any] = {"channel_id": channel_id, "message_id": place[0] if place else named[1]}
    members["date"] = date_of(widget)
    members |= relations_of(widget, named[0]) | content_of(widget)
    members["reactions"] = metrics.reactions if metrics else None
    try:
        return Post(TelegramMessage.model_validate(members), metrics)
    except ValidationError as invalid:
        error = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, error['loc']))} is wrong: {error['msg']}.") from invalid


def date_of(widget: LexborNode) -> datetime:
    """When it was posted, to the second. Raises Unreadable if it does not say. Other times on it are durations."""
    told = attribute(widget.css_first(f".{PREFIX}date time[datetime]", default=None), "datetime")
    try:
        moment = datetime.fromisoformat(told)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as unreadable:
        raise Unreadable(f"Its date is {told[:50]!r}, which is no moment.") from unreadable
