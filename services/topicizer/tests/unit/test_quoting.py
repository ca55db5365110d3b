from __future__ import annotations

from tg_parser.topicizer.domain.quoting import CardTold, quoting


def told(seq: int, topic: str, *, holds: bool = False, title: str = "", near: tuple[str, ...] = ()) -> CardTold:
    return CardTold(seq, topic, holds, title or topic, frozenset(near))


def test_everything_told_of_a_topic_since_it_held_the_message_may_quote_it() -> None:
    cards = [told(1, "a"), told(2, "a", holds=True), told(3, "b"), told(4, "a")]
    assert quoting(cards).seqs == (2, 4)
    assert quoting(cards).topics == {"a"}


def test_a_neighbour_quotes_by_the_title_of_such_a_topic_whenever_it_was_told() -> None:
    cards = [
        told(1, "b", near=("The old title",)),
        told(2, "a", holds=True, title="The old title"),
        told(3, "a", title="A new title"),
        told(4, "b", near=("A new title",)),
        told(5, "c", near=("Another title",)),
    ]
    found = quoting(cards)
    assert (found.seqs, found.topics, found.neighbours) == ((1, 2, 3, 4), {"a"}, {"b"})


def test_nothing_is_stale_where_the_message_never_was() -> None:
    found = quoting([told(1, "a"), told(2, "b", near=("a",))])
    assert (found.seqs, found.topics, found.neighbours) == ((), frozenset(), frozenset())
