"""Alarm words that stand before the news and are no part of it: «Срочно:», BREAKING, «Терміново!»."""

from __future__ import annotations

import re

from tg_parser.llm.providers.local.spans import Span, undecorated

_WORDS = (
    r"(?:срочные новости|срочно|молния|экстренно|важно|внимание|эксклюзив|обновлено|обновление|"
    r"терміново|важливо|увага|breaking(?: news)?|just in|urgent|update|upd|exclusive)"
)
_ALONE = re.compile(rf"\W*(?:{_WORDS}|erid\W*\w*|реклама)\W*", re.IGNORECASE)
_WITH_SIGN = re.compile(rf"{_WORDS}\s?[^\w\s,(]\W*", re.IGNORECASE)
_SHOUTED = re.compile(r"(?:СРОЧНО|МОЛНИЯ|ЭКСТРЕННО|ТЕРМІНОВО|BREAKING(?: NEWS)?|JUST IN|URGENT)\b\W*")


def is_label(text: str) -> bool:
    """Whether `text` is such a word, or a mark of advertising, and nothing else."""
    return _ALONE.fullmatch(text) is not None


def without_label(text: str, span: Span) -> Span:
    """`span` without such a word at its start. In "Срочно нужна кровь" the word is a part of the sentence, and stays."""
    match = _SHOUTED.match(text, *span) or _WITH_SIGN.match(text, *span)
    rest = undecorated(text, Span(match.end(), span.end)) if match else span
    return rest if any(map(str.isalpha, rest.of(text))) else span
