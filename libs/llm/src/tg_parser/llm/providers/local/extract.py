"""One post in, one extraction out: everything the local provider says, from pure functions and without a model hub.

It claims no more than it does: sentences are quoted, not written; confidences are null, since nothing measured them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tg_parser.llm.extraction import Extraction
from tg_parser.llm.providers.local import footer
from tg_parser.llm.providers.local.advertising import is_advertising
from tg_parser.llm.providers.local.cleaning import clean
from tg_parser.llm.providers.local.dates import dates
from tg_parser.llm.providers.local.entities import entities
from tg_parser.llm.providers.local.keyphrases import topics
from tg_parser.llm.providers.local.kinds import kind
from tg_parser.llm.providers.local.labels import is_label
from tg_parser.llm.providers.local.language import detect
from tg_parser.llm.providers.local.ranking import Sentence
from tg_parser.llm.providers.local.sentences import sentences as split
from tg_parser.llm.providers.local.spans import Span, lines
from tg_parser.llm.providers.local.summary import key_points, summary
from tg_parser.llm.providers.local.title import is_greeting, title
from tg_parser.llm.providers.local.words import words

ANALYSED_CHARS = 16_384
"""How much of a document is read for anything but `text_clean`: four of Telegram's longest messages."""

_FEWEST_LETTERS = 12


def extract(document: str, hints: Mapping[str, Any]) -> Extraction:
    """What `document` says. Every quote is a piece of `document`, cut by position.

    Only the first `ANALYSED_CHARS` characters are analysed, so that the time is bounded; `text_clean` and the signs of
    advertising cover the whole. A blank document gives an extraction with nothing in it.

    Args:
        document: the post's text as Telegram gives it.
        hints: of these it uses `channel_title` (str), `media` (a list of kinds) and `service` (bool), if present.
    """
    body_end = footer.footer_start(document, lines(document, len(document)), str(hints.get("channel_title") or ""))
    text_clean = clean(document[:body_end])
    end = min(body_end, ANALYSED_CHARS)
    language = detect(document[:end])
    body = _body(document, end)
    spans = split(document, body, language)
    sentences = [Sentence(span, tuple(words(document, span, language))) for span in spans]
    telling = _telling(document, sentences)
    heading = title(document[:end], spans) if text_clean else None
    found = entities(document, end, sentences, language)
    is_ad = is_advertising(document, end)
    letters = sum(len(word.surface) for sentence in sentences for word in sentence.words)
    longest = max((len(sentence.words) for sentence in sentences), default=0)
    return Extraction(
        text_clean=text_clean,
        title=heading,
        summary=summary(document, telling) or heading,
        key_points=key_points(document, telling),
        topics=topics(sentences, found, language, heading),
        entities=found,
        dates=dates(found),
        language=language,
        kind=kind(document[:end], letters=letters, longest=longest, is_ad=is_ad, hints=hints),
        is_ad=is_ad,
    )


def _body(document: str, end: int) -> list[Span]:
    return [line for line in lines(document, end) if not footer.is_hashtag_line(line.of(document))]


def _telling(document: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences that say something: without greetings, calls to subscribe and scraps; all, if none is left."""
    kept = [sentence for sentence in sentences if _tells(sentence, sentence.span.of(document))]
    return kept or [sentence for sentence in sentences if sentence.words]


def _tells(sentence: Sentence, text: str) -> bool:
    letters = sum(len(word.surface) for word in sentence.words)
    return (
        letters >= _FEWEST_LETTERS and not is_greeting(text) and not is_label(text) and not footer.is_call_to_act(text)
    )
