"""Where a post ends and the channel's own footer begins: "Подписаться | Прислать новость", "@channel", its title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tg_parser.llm.providers.local.spans import Span

_LONGEST_FOOTER_LINE = 140
_HANDLE = re.compile(r"\W{0,4}(?:@\w{4,32}|(?:https?://)?t\.me/\S+)\W{0,4}")  # a link elsewhere is the post's own
_CALL = re.compile(
    r"\b(?:подпи(?:сат|ш|сыв)\w*|підпи(?:сат|ш|сув)\w*|subscribe|join (?:us|our|the)|follow us|"
    r"(?:прислать|предложить|надіслати|запропонувати) (?:новост|новин|пост)\w*|предложка|"
    r"(?:наш|мы в|ми в|our|we are on)\b.{0,20}\b(?:чат|канал|бот|max|вк|vk|дзен\w*|ютуб\w*|youtube|chat|channel|bot)|"
    r"буст\w* канал\w*|проголосовать за канал|прокачать канал|boost (?:us|the channel|this channel))",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\W*(?:источник|джерело|source|подробнее|детальніше|читать(?: далее| полностью| статью)?|read more)\W*", re.I
)
_ONLY_HASHTAGS = re.compile(r"\s*(?:#\w+[\s,|]*)+")
_NOT_A_WORD = re.compile(r"[\W_]+")
_SENTENCE_INSIDE = re.compile(r"[.!?…]\s+\w")


def footer_start(text: str, lines: Sequence[Span], channel_title: str) -> int:
    """The position where the footer begins; the end of `text` if there is none, or nothing but one.

    Lines are taken off the end as long as each is a call to subscribe, a bare handle or link, the channel's title or
    mere decoration. Lines of hashtags are the author's words and are neither cut nor in the way.
    """
    title = _letters(channel_title)
    kept = len(text)
    for index in range(len(lines) - 1, 0, -1):  # the first line is never a footer
        line = lines[index].of(text)
        if _ONLY_HASHTAGS.fullmatch(line):
            break
        if not _is_footer(line, title):
            break
        kept = lines[index].start
    return kept


def is_hashtag_line(line: str) -> bool:
    """Whether `line` holds hashtags and nothing else."""
    return _ONLY_HASHTAGS.fullmatch(line) is not None


def is_call_to_act(sentence: str) -> bool:
    """Whether `sentence` asks to subscribe, to join or to send news."""
    return len(sentence) <= _LONGEST_FOOTER_LINE and _CALL.search(sentence) is not None


def _is_footer(line: str, title: str) -> bool:
    if len(line) > _LONGEST_FOOTER_LINE:
        return False
    letters = _letters(line)
    if not letters or (title and letters == title) or _is_handles(line) or _SOURCE.fullmatch(line):
        return True
    return _CALL.search(line) is not None and _SENTENCE_INSIDE.search(line) is None


def _is_handles(line: str) -> bool:
    return all(_HANDLE.fullmatch(word) or not _letters(word) for word in line.split())


def _letters(text: str) -> str:
    return _NOT_A_WORD.sub("", text).casefold()
