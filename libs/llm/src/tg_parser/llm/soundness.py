"""What is wrong with an extraction that its schema cannot see: another language, no title, or a title that says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LETTERS_WORTH_A_TITLE = 40
_LETTERS_WORTH_JUDGING = 20
_MOSTLY, _HARDLY = 0.6, 0.2
_NUMBERED = re.compile(r"\W*(?:message|post|сообщение|пост|повідомлення|допис)?\W*[\d\s.:/-]*\W*", re.IGNORECASE)


def problem_of(extraction: Mapping[str, Any], document: str) -> str | None:
    """What is wrong with `extraction` as one of `document`, in words a model understands; None if nothing is."""
    letters = _letters(document)
    if len(letters) < _LETTERS_WORTH_JUDGING:
        return None
    title, summary = str(extraction.get("title") or ""), str(extraction.get("summary") or "")
    if len(letters) >= _LETTERS_WORTH_A_TITLE and not (title.strip() and summary.strip()):
        return "title and summary may be null only for a post without text"
    if title and _NUMBERED.fullmatch(title):
        return "the title is a number or a date alone and does not say what the post is about"
    return _foreign(letters, _letters(f"{title} {summary}"))


def _foreign(asked: str, said: str) -> str | None:
    """Scripts are compared, not languages: a short text's script is certain, its language is not."""
    if len(said) < _LETTERS_WORTH_JUDGING:
        return None
    asked_share, said_share = _cyrillic(asked), _cyrillic(said)
    if (asked_share > _MOSTLY and said_share < _HARDLY) or (asked_share < _HARDLY and said_share > _MOSTLY):
        return "title and summary are not in the language of the post"
    return None


def _cyrillic(letters: str) -> float:
    return sum("\u0400" <= letter <= "\u04ff" for letter in letters) / len(letters)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text[:4000]))
