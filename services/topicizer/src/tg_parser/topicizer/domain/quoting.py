"""Which facts about topics may quote messages that are to be erased. Pure; and rather one fact too many than one too few.

A topic's card is words of its documents, and names its neighbours by their titles. So whatever was told of a topic since it
first held one of the messages may quote it, and so may the card of a topic that names one of that topic's titles.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardTold:
    """What was told of a topic: where, whether it held one of the messages, and the titles in it."""

    seq: int
    topic_id: str
    holds: bool
    title: str
    neighbours: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quoting:
    """The facts that may quote, and the topics concerned: by themselves, or by a neighbour's title."""

    seqs: tuple[int, ...]
    topics: frozenset[str]
    neighbours: frozenset[str]


def quoting(cards: Iterable[CardTold]) -> Quoting:
    """What may quote, among everything told of topics in the order of the log."""
    everything = list(cards)
    began: dict[str, int] = {}
    for card in everything:
        if card.holds:
            began.setdefault(card.topic_id, card.seq)
    own = [card for card in everything if card.seq >= began.get(card.topic_id, card.seq + 1)]
    titles = {card.title for card in own}
    near = [card for card in everything if card.neighbours & titles]
    topics = frozenset(began)
    return Quoting(
        tuple(sorted({card.seq for card in (*own, *near)})),
        topics,
        frozenset(card.topic_id for card in near) - topics,
    )


def holds(sources: Iterable[str], refs: Set[str]) -> bool:
    """Whether one of the messages is among a topic's."""
    return any(ref in refs for ref in sources)
