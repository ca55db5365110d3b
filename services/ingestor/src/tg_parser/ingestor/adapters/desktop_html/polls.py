"""Polls of a page."""

from __future__ import annotations

import re
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.desktop_html.nodes import classes, elements, words

MOST_ANSWERS: Final = 100
VOTES: Final = re.compile(r"(\d{1,12}) votes?")


def poll_of(element: LexborNode) -> dict[str, Any]:
    """The members of `Poll` in the element with the class `media_poll`."""
    question, closed, total = "", False, 0
    answers: list[dict[str, Any]] = []
    for part in elements(element):
        names = classes(part)
        if "question" in names:
            question = words(part)
        elif "answer" in names:
            answers.append(_answer(part))
        elif "total" in names:
            total = _votes(words(part))
        elif "details" in names:
            closed = words(part) == "Final results"
    return {"question": question, "closed": closed, "total_voters": total, "answers": answers[:MOST_ANSWERS]}


def _answer(part: LexborNode) -> dict[str, Any]:
    votes = next((element for element in elements(part) if "details" in classes(element)), None)
    said = words(votes)
    text = words(part).removesuffix(said).strip() if said else words(part)
    return {"text": text.removeprefix("-").lstrip(), "voters": _votes(said)}


def _votes(said: str) -> int:
    found = VOTES.match(said)
    return int(found[1]) if found else 0
