"""Where a post ends and the channel's own footer begins: "Подписаться | Прислать новость", "@channel", its title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tg_parser.llm.providers.local.spans import Span

_LONGEST_FOOTER_LINE = 140
_MOST_CALL_WORDS = 8
# A channel's signature; a link to one post (t.me/name/123) or to another site is the author's source.
_HANDLE = re.compile(r"\W{0,4}(?:@\w{4,32}|(?:https?://)?t\.me/(?:joinchat/)?\+?[\w-]{3,64})\W{0,4}")
_INVITATION = (
    r"(?:подписаться|подпи(?:шись|шитесь|сывайся|сывайтесь)|підпи(?:сатися|сатись|шись|шіться|суйся|суйтесь)|"
    r"subscribe|follow us|join (?:us|our (?:channel|chat)|the (?:channel|chat))|"
    r"(?:прислать|предложить|надіслати|запропонувати) (?:новость|новину|пост)|предложка|"
    r"прокачать канал|проголосовать за канал|забустить канал|boost (?:us|the channel|this channel))\b"
)
_INVITES = re.compile(rf"\b{_INVITATION}", re.IGNORECASE)
_BEGINS_INVITING = re.compile(rf"(?:\A|[|•·/—–])[\W_]*{_INVITATION}", re.IGNORECASE)
_OUR_PLACES = re.compile(
    r"\W*(?:(?:наш|мы в|ми в|our|we are on)?\W+(?:чат|канал|бот|сайт|max|вк|vk|дзен|youtube|chat|channel|bot|website)\b\W*){1,6}",
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
    mere decoration. Anything else, also a line of hashtags, is the author's and ends the search.
    """
    title = _letters(channel_title)
    kept = len(text)
    for index in range(len(lines) - 1, 0, -1):  # the first line is never a footer
        if not _is_footer(lines[index].of(text), title):
            break
        kept = lines[index].start
    return kept


def is_hashtag_line(line: str) -> bool:
    """Whether `line` holds hashtags and nothing else."""
    return _ONLY_HASHTAGS.fullmatch(line) is not None


def is_call_to_act(sentence: str) -> bool:
    """Whether `sentence` asks to subscribe, to join or to send news."""
    return len(sentence) <= _LONGEST_FOOTER_LINE and _INVITES.search(sentence) is not None


def _is_footer(line: str, title: str) -> bool:
    if len(line) > _LONGEST_FOOTER_LINE:
        return False
    letters = _letters(line)
    if not letters or (title and letters == title):
        return True
    return _is_handles(line) or _is_signature(line)


def _is_signature(line: str) -> bool:
    if _SOURCE.fullmatch(line) or _OUR_PLACES.fullmatch(line):
        return True
    brief = len(line.split()) <= _MOST_CALL_WORDS and not _SENTENCE_INSIDE.search(line)
    return brief and _BEGINS_INVITING.search(line) is not None


def _is_handles(line: str) -> bool:
    return all(_HANDLE.fullmatch(word) or not _letters(word) for word in line.split())


def _letters(text: str) -> str:
    return _NOT_A_WORD.sub("", text).casefold()
