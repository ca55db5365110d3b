"""The post as a reader sees it: what is asked about, and what a document keeps. The same words give the same question."""

from __future__ import annotations

from tg_parser.llm.providers.local.cleaning import clean
from tg_parser.llm.providers.local.footer import footer_start
from tg_parser.llm.providers.local.spans import lines


def text_clean(document: str, channel_title: str) -> str:
    """`document` without invisible characters, ragged whitespace and the channel's footer.

    A repost that differs in nothing else becomes the same text, and so needs no second answer.
    """
    return clean(document[: footer_start(document, lines(document, len(document)), channel_title)])
