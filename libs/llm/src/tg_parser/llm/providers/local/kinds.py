"""What sort of post it is, by plain signs. Where there is none, it is `news` if it tells something, else `other`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tg_parser.llm.extraction import Kind

_POLL = re.compile(r"\W*(?:опрос|голосование|голосуем|опитування|poll|vote)\b\s*[:!.\n]", re.IGNORECASE)
_DISCUSSION = re.compile(
    r"(?:что|как) (?:вы )?(?:думаете|считаете)|(?:пишите|делитесь|напишите|расскажите|поделитесь).{0,40}комментари|"
    r"ваше мнение|(?:що|як) (?:ви )?(?:думаєте|вважаєте)|пишіть (?:у|в) коментар|"
    r"what do you think|your thoughts|tell us in the comments|а (?:вы|ты|у вас) .{0,60}\?",
    re.IGNORECASE,
)
_ANNOUNCEMENT = re.compile(
    r"\b(?:вебинар\w*|митап\w*|meetup|webinar|приглаша(?:ем|ю|ет)|зарегистрируй\w*|регистрация (?:по|на|открыта|обязательна)|"
    r"регистрируйтесь|присоединяйтесь|в прямом эфире|прямой эфир|открыт(?:а|ы)? набор|стрим\w*|состоится|"
    r"запрошуємо|реєстрація (?:за|на|відкрита)|долучайтеся|відбудеться|register (?:now|here|at|for)|registration (?:is|opens)|"
    r"sign up|rsvp|join us|save the date|"
    r"livestream|call for (?:papers|speakers))\b",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"(?:канал создан|channel created|сообщение закреплено|pinned (?:a )?message|(?:pinned|закрепил\w*) [«\"“])",
    re.IGNORECASE,
)
_NEWS_LETTERS = 40
_NEWS_WORDS = 6


def kind(text: str, *, letters: int, longest: int, is_ad: bool, hints: Mapping[str, Any]) -> Kind:
    """The kind of the post `text`.

    It has `letters` letters outside links, handles and hashtags, and `longest` words in its longest sentence.

    Of the hints it uses `service` (a truth value) and `media` (the kinds of what is attached, such as `photo`, `poll`).
    """
    media = hints.get("media") or ()
    if hints.get("service") or _SERVICE.match(text):
        return "service"
    if "poll" in media or _POLL.match(text):
        return "poll"
    if is_ad:
        return "ad"
    if letters < _NEWS_LETTERS:
        return "media" if media else "other"
    return _kind_of_words(text, longest)


def _kind_of_words(text: str, longest: int) -> Kind:
    if _DISCUSSION.search(text):
        return "discussion"
    if _ANNOUNCEMENT.search(text):
        return "announcement"
    return "news" if longest >= _NEWS_WORDS else "other"  # a list of headings tells nothing
