"""Titles without a model: a member's own headline, led by a keyphrase where the headline does not say what it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tg_parser.contracts.topics import TopicCard
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.topic import Topic
from tg_parser.topicizer.domain.words import normalised, stems

LONGEST: Final = 90
KEEPS_TITLE: Final = 0.5
"""Share of the old anchors that must still be members for the old title to stay, as must the member it was taken from."""
LOOKED_AT: Final = 12  # members whose headlines are considered
GIST_GAIN: Final = 2.0  # how much more naming the matter counts than being in the middle
SHORT: Final = 0.5  # … for having fewer than FEWEST_WORDS telling words ("It has begun!")
FEWEST_WORDS: Final = 3
CUT: Final = 0.4  # how much a headline loses for having been cut
_DECORATION: Final = re.compile(r"^[^\w«„“\"'(\[№#@+$€₽−-]+")
_MATTER: Final = 6  # the topic's heaviest terms: a headline that has none of them needs a keyphrase to lead it
FOREIGN: Final = 1.0  # … for being in another language than most
_LEADS: Final = 0.4  # share of the members that speak of a keyphrase which may lead


def titled(sizes: Mapping[str, int], topic_of: Callable[[str], Topic], old: Mapping[str, TopicCard]) -> dict[str, str]:
    """A title for each topic in `sizes` (id → documents), no two alike nor like a title in `old`.

    One that stands is kept while its anchors are. `topic_of` opens one topic at a time.
    """
    titles: dict[str, str] = {}
    taken = {normalised(card.title) for name, card in old.items() if name not in sizes}
    for name in sorted(sizes, key=lambda name: (name not in old, -sizes[name], name)):
        wishes = _wishes(topic_of(name), old.get(name))
        titles[name] = next(wish for wish in wishes if normalised(wish) not in taken)
        taken.add(normalised(titles[name]))
    return titles


def _wishes(topic: Topic, old: TopicCard | None) -> Iterator[str]:
    if old is not None and _still_anchored(topic, old):
        yield old.title
    phrases = topic.phrases()
    headlines = _headlines(topic)
    leads = [phrase for phrase in phrases if topic.spread(stems(phrase)) >= max(2.0, _LEADS * len(topic))]
    yield from (_led(headline, leads, topic.gist()[:_MATTER]) for headline in headlines)
    if phrases:
        yield shortened(", ".join(phrases))
    yield f"{headlines[0] if headlines else headline_of(topic.document(topic.anchors[0]))} ({topic.id.rsplit(':', 1)[-1]})"
    yield topic.id


def _still_anchored(topic: Topic, old: TopicCard) -> bool:
    before = {anchor.anchor_ref for anchor in old.anchors}
    if len(before & set(topic.members)) < KEEPS_TITLE * len(before) or len(old.sources) * 2 < len(topic):
        return False
    return any(old.title.endswith(headline_of(topic.document(ref))) for ref in topic.members)


def _headlines(topic: Topic) -> list[str]:
    """Members' headlines, the most telling first."""
    refs = dict.fromkeys((*topic.anchors, *(entry.source_ref for entry in topic.ranked[:LOOKED_AT])))
    documents = [topic.document(ref) for ref in refs]
    spoken = Counter(document.language for document in documents).most_common(1)[0][0]
    heavy = topic.gist()
    gist = {term: len(heavy) - place for place, term in enumerate(heavy)}
    total = sum(gist.values()) or 1
    worth: dict[str, float] = {}
    for document in documents:
        headline = headline_of(document)
        terms = set(stems(headline))
        if terms:
            found = GIST_GAIN * sum(gist.get(term, 0) for term in terms) / total + topic.score(document.source_ref)
            found -= CUT * headline.endswith("…") + FOREIGN * (document.language != spoken)
            found -= SHORT * (len(terms) < FEWEST_WORDS)
            worth[headline] = max(round(found, 6), worth.get(headline, -FOREIGN))
    return sorted(worth, key=lambda headline: (-worth[headline], headline))


def _led(headline: str, leads: Sequence[str], matter: Sequence[str]) -> str:
    """The headline, after a keyphrase if it does not name the matter itself."""
    if not leads or not set(stems(headline)).isdisjoint(matter):
        return headline
    return shortened(f"{leads[0][:1].upper()}{leads[0][1:]}: {headline}")


def headline_of(document: Document) -> str:
    """The document's title, or how its text begins, without the emoji before it."""
    return shortened(_DECORATION.sub("", document.title or document.text)) or document.source_ref


def shortened(text: str) -> str:
    """`text` in one line of at most LONGEST characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= LONGEST:
        return line
    return line[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:—- ") + "…"
