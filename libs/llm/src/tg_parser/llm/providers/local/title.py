"""The headline: the post's first heading or sentence, without alarm words and decoration, at most 90 characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tg_parser.llm.providers.local.cleaning import clean
from tg_parser.llm.providers.local.labels import is_label, without_label
from tg_parser.llm.providers.local.spans import Span, undecorated

LONGEST_TITLE = 90

_GREETING = re.compile(
    r"(?:(?:всем )?привет\w*|здравствуйте|доброе утро|добрый (?:день|вечер)|добр(?:ий|ого) (?:день|дня|вечір|ранок)|"
    r"друзья|ребята|коллеги|(?:дорогие|уважаемые|дорогі|шановні)\s\w+|друзі|вітаю|вітаємо|hi|hello|hey|dear \w+|"
    r"good (?:morning|evening))\b.{0,25}",
    re.IGNORECASE,
)
_LEADING_TAGS = re.compile(r"(?:[#@]\w+\W+)+(?=\w)")
_MARKUP = re.compile(r"\*\*|__|~~|\|\||`+")
_LINK_MARKUP = re.compile(r"\[([^\]\n]{1,200})\]\((?:https?|tg)[^)\s]*\)")
_URL = re.compile(r"\(?(?:https?://|www\.|t\.me/)\S+")
_DANGLING = re.compile(
    r"(?:[\s,;:—–-]|\s(?:и|а|но|или|в|во|на|с|со|к|о|об|у|за|из|от|до|по|для|при|не|что|как|та|і|й|або|з|із|від|про|що|"
    r"and|or|of|the|a|an|to|in|on|at|for|with|by|from|that|as))+\Z",
    re.IGNORECASE,
)


def is_greeting(sentence: str) -> bool:
    """Whether `sentence` only says hello."""
    return _GREETING.fullmatch(sentence.strip(" !.,:")) is not None


def title(text: str, sentences: Sequence[Span]) -> str | None:
    """A title for `text` from the first of `sentences` that makes one; None only if `text` shows nothing at all."""
    for span in sentences:
        candidate = _polished(span.of(text))
        if sum(map(str.isalpha, candidate)) >= 3 and not is_greeting(candidate) and not is_label(candidate):
            return shortened(candidate)
    return shortened(clean(text[: 10 * LONGEST_TITLE]).partition("\n")[0]) or None


def shortened(text: str) -> str:
    """`text`, cut at a word's end and closed with an ellipsis if it is longer than a title may be."""
    if len(text) <= LONGEST_TITLE:
        return text
    cut = text[: LONGEST_TITLE - 1]
    words = cut.rpartition(" ")[0] if not text[LONGEST_TITLE - 1].isspace() else cut
    return (_DANGLING.sub("", words) or words or cut).rstrip() + "…"


def _polished(sentence: str) -> str:
    text = _MARKUP.sub("", _LINK_MARKUP.sub(r"\1", clean(sentence)))
    text = _URL.sub("", text)
    text = _LEADING_TAGS.sub("", text)
    text = _trimmed(text)
    text = _without_open_quote(without_label(text, Span(0, len(text))).of(text))
    text = text[:1].upper() + text[1:] if text[:2].islower() else text
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text.rstrip(":,;")


def _without_open_quote(text: str) -> str:
    """`text` without a quotation mark that the cut has left alone."""
    if text.startswith("«") and "»" not in text:
        return text[1:]
    return text[:-1] if text.endswith("»") and "«" not in text else text


def _trimmed(text: str) -> str:
    return undecorated(text, Span(0, len(text))).of(text)
