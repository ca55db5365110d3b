"""Polls: the page shows shares, not votes, and how many voted in all."""

from __future__ import annotations

from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.markup import every, first, inside
from tg_parser.ingestor.adapters.preview.media import PREFIX, QUOTED
from tg_parser.ingestor.adapters.preview.numbers import count
from tg_parser.ingestor.adapters.preview.text import plain_text

LONGEST: Final = 1_024
MOST_ANSWERS: Final = 100
CLOSED: Final = "final results"


def poll_of(widget: LexborNode) -> dict[str, Any] | None:
    """A poll as `Poll` takes it. Votes of an answer are computed from its share, and are as exact as that."""
    node = first(widget, f"{PREFIX}poll")
    if node is None or inside(node, *QUOTED):
        return None
    voted = count(plain_text(first(widget, f"{PREFIX}voters")))
    total = voted.value if voted else 0
    return {
        "question": plain_text(first(node, f"{PREFIX}poll_question"), LONGEST),
        "closed": CLOSED in plain_text(first(node, f"{PREFIX}poll_type")).lower(),
        "total_voters": total,
        "answers": [_answer(option, total) for option in every(node, f"{PREFIX}poll_option")[:MOST_ANSWERS]],
    }


def _answer(option: LexborNode, total: int) -> dict[str, Any]:
    share = count(plain_text(first(option, f"{PREFIX}poll_option_percent")))
    percent = min(share.value, 100) if share else 0
    return {
        "text": plain_text(first(option, f"{PREFIX}poll_option_text"), LONGEST),
        "voters": round(total * percent / 100),
    }
