"""The summary and the key points: the post's own sentences, chosen, never written."""

from __future__ import annotations

from collections.abc import Sequence

from tg_parser.llm.extraction import KeyPoint
from tg_parser.llm.providers.local.ranking import Sentence, choose

MOST_POINTS = 5

_LONGEST_SUMMARY = 420
_LONGEST_HEADING = 40
_CLOSED = (".", "!", "?", "…", ".»", ";")


def summary(text: str, sentences: Sequence[Sentence]) -> str | None:
    """One or two sentences of the post, in its order: the one that opens its body, and the most central other one.

    A short heading is left to the title, unless there is nothing else; a long one is news itself.
    """
    body = _without_heading(text, sentences)
    if not body:
        return None
    first = body[0].span.of(text)
    chosen = [body[index].span.of(text) for index in choose(body, 2, already=(0,))]
    both = _joined(chosen)
    return both if len(both) <= _LONGEST_SUMMARY else first


def key_points(text: str, sentences: Sequence[Sentence]) -> tuple[KeyPoint, ...]:
    """Up to five sentences of the post, in its order, that do not repeat one another; half of a short post's."""
    body = _without_heading(text, sentences)
    count = min(MOST_POINTS, (len(body) + 1) // 2 + (len(body) > 2))
    quotes = (body[index].span.of(text) for index in choose(body, count))
    return tuple(KeyPoint(text=quote, quote=quote) for quote in quotes)


def _without_heading(text: str, sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    if len(sentences) < 2:
        return sentences
    first, second = sentences[0].span, sentences[1].span
    heading = first.of(text)
    alone_on_its_line = "\n" in text[first.end : second.start]
    is_heading = alone_on_its_line and len(heading) <= _LONGEST_HEADING and not heading.endswith(_CLOSED)
    return sentences[1:] if is_heading else sentences


def _joined(sentences: Sequence[str]) -> str:
    closed = (s if s.endswith(_CLOSED) else s + "." for s in sentences[:-1])
    return " ".join((*closed, *sentences[-1:]))
