"""What stands around a message: its counters, its buttons, and the preview of a page it links to."""

from __future__ import annotations

from typing import Any, Final

from tg_parser.contracts.messages import MessageMetrics
from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, part, parts, word

MOST_BUTTONS: Final = 100
LONGEST_URL: Final = 4_096


def metrics_of(message: Dump) -> MessageMetrics | None:
    """The counters of a message; None if it shows none. One that is not shown is unknown, not zero."""
    metrics = MessageMetrics(
        views=count(message.get("views")),
        forwards=count(message.get("forwards")),
        replies=count(part(message, "replies").get("replies")),
        reactions=reactions_of(message),
    )
    return metrics if metrics != MessageMetrics() else None


def reactions_of(message: Dump) -> dict[str, int] | None:
    """How many of each. Who reacted is not kept."""
    reactions = part(message, "reactions")
    if not reactions:
        return None
    return {_reaction(entry): count(entry.get("count")) or 0 for entry in parts(reactions, "results")}


def buttons_of(message: Dump) -> list[dict[str, Any]]:
    """The buttons under a message, row by row. A bot's own keyboard is none of them."""
    markup = part(message, "reply_markup")
    if constructor(markup) != "ReplyInlineMarkup":
        return []
    buttons = [button for row in parts(markup, "rows") for button in parts(row, "buttons")]
    return [
        {"text": word(button.get("text")) or "", "url": word(_target(button), LONGEST_URL)}
        for button in buttons[:MOST_BUTTONS]
    ]


def link_preview_of(message: Dump) -> dict[str, Any] | None:
    """What Telegram showed of a page. One that is still being fetched is none."""
    page = part(part(message, "media"), "webpage")
    url = word(page.get("url"), LONGEST_URL)
    if constructor(page) != "WebPage" or url is None:
        return None
    members = ("site_name", "title", "description")
    return {"url": url} | {member: word(page.get(member), 4096) for member in members}


def _reaction(entry: Dump) -> str:
    """As Telegram Desktop names it: the emoji, a custom one's document id, or `paid`."""
    reaction = part(entry, "reaction")
    name = reaction.get("emoticon") or reaction.get("document_id") or constructor(reaction).removeprefix("Reaction")
    return str(name).lower()[:256]


def _target(button: Dump) -> Any:
    """Where it leads. Since 2026 that is said by the button's type, before by the button."""
    return button.get("url") or part(button, "type").get("url")
