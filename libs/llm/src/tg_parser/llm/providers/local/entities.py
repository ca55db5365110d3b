"""All that a post names: what patterns find, then proper names, once each, in the order of the text."""

from __future__ import annotations

from collections.abc import Sequence

from tg_parser.llm.extraction import EntityMention, EntityType
from tg_parser.llm.providers.local import names, patterns
from tg_parser.llm.providers.local.ranking import Sentence
from tg_parser.llm.providers.local.spans import Span

_MOST_ENTITIES = 50


def entities(text: str, end: int, sentences: Sequence[Sentence], language: str) -> tuple[EntityMention, ...]:
    """Up to 50 entities of `text[:end]`. The value is the quote itself, in single spaces: nothing is normalised."""
    found = list(patterns.find(text, end))
    taken = [span for _, span in found]
    found += [item for item in names.find(text, sentences, language) if not _overlaps(item[1], taken)]
    found.sort(key=lambda item: item[1])
    unique: dict[tuple[EntityType, str], EntityMention] = {}
    found.sort(key=lambda item: item[1])
    for kind, span in found:
        quote = span.of(text)
        value = " ".join(quote.split())
        mention = EntityMention(type=kind, value=value, confidence=None, quote=quote)
        unique.setdefault((kind, value.casefold()), mention)
    return tuple(unique.values())[:_MOST_ENTITIES]


def _overlaps(span: Span, taken: Sequence[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in taken)
