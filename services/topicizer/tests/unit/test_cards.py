from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from tg_parser.contracts.topics import Assignment, TopicCard
from tg_parser.topicizer.domain.cards import bundle, card
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.stories import StoryIndex
from tg_parser.topicizer.domain.titles import LONGEST, headline_of, shortened, titled
from tg_parser.topicizer.domain.topic import Topic

MakeDocument = Callable[..., Document]
Assign = Callable[[StoryIndex, Sequence[Document]], list[Assignment]]

CLOSED = "The Old Bridge is closed: divers found a crack in the piers"
REPAIR = "Repair of the Old Bridge piers takes a month, the crack is filled with concrete"
OPEN = "The Old Bridge is open again, the piers and the crack are repaired, cars are back"


def titles_of(topics: Sequence[Topic], old: Mapping[str, TopicCard]) -> dict[str, str]:
    opened = {topic.id: topic for topic in topics}
    return titled({topic.id: len(topic) for topic in topics}, opened.__getitem__, old)


@pytest.fixture
def stories() -> StoryIndex:
    return StoryIndex()


@pytest.fixture
def topic(stories: StoryIndex, make: MakeDocument, assign: Assign) -> Topic:
    """Three weeks of the bridge in two channels, a copy of its first post, and somebody's hockey."""
    documents = [
        make(CLOSED, hours=0, title=CLOSED, phrases=("Old Bridge", "divers"), hashtags=("#bridge",)),
        make(f"{CLOSED}!", hours=1, title=CLOSED, phrases=("Old Bridge",), hashtags=("#bridge", "#city")),
        make(REPAIR, hours=200, channel="200", title=REPAIR, phrases=("Old Bridge", "concrete")),
        make(OPEN, hours=500, title=OPEN, phrases=("Bridge", "cars")),
    ]
    assign(stories, [*documents, make("Wolves beat Buran in overtime", hours=3)])
    return Topic("topic:x", [document.source_ref for document in documents], stories)


def test_anchors_differ_in_what_they_say(topic: Topic) -> None:
    anchors = topic.anchors
    assert len(anchors) == 3
    texts = [topic.document(ref).text.rstrip("!") for ref in anchors]
    assert sorted(texts) == sorted([CLOSED, REPAIR, OPEN])


def test_the_first_anchor_is_the_closest_unless_it_is_terse(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    told = "after the flood engineers drivers and divers discussed traffic lights concrete deadlines detours and queues"
    documents = [make(f"{text} {told}") for text in (CLOSED, REPAIR)]
    terse = make("The Old Bridge piers crack")
    assign(stories, [*documents, terse])
    topic = Topic("topic:x", [document.source_ref for document in (*documents, terse)], stories)
    assert topic.anchors[0] == next(entry.source_ref for entry in topic.ranked if entry.source_ref != terse.source_ref)


def test_a_card_says_what_its_documents_say(topic: Topic) -> None:
    made = card(topic, "Old Bridge", [("topic:near", "Road works")], opened=1, digest="d")
    assert made.type == "cluster"
    assert made.scope_in[0] == "Old Bridge"
    assert "Old Bridge" in made.summary
    assert made.scope_out == ("Road works",)
    assert made.related_topics == ("topic:near",)
    assert made.tags == ("#bridge", "#city")
    assert made.sources == tuple(sorted(made.sources))
    assert made.updated_at == topic.dates[1]
    assert (made.metadata or {})["method"] == "lexical"


@pytest.mark.parametrize(("language", "words"), [("ru", "Другие темы"), ("uk", "Інші теми"), ("de", "Other subjects")])
def test_a_topic_with_no_neighbours_says_so_in_its_language(
    language: str, words: str, stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    documents = [make(CLOSED, language=language), make(REPAIR, language=language)]
    assign(stories, documents)
    topic = Topic("topic:x", [document.source_ref for document in documents], stories)
    assert card(topic, "t", [], opened=1, digest="d").scope_out[0].startswith(words)


def test_a_bundle_holds_every_member_with_score_and_reason_anchors_first(topic: Topic) -> None:
    made = bundle(topic)
    assert [item.role for item in made.items] == ["anchor"] * 3 + ["supporting"]
    assert {item.source_ref for item in made.items} == set(topic.members)
    assert all(item.score is not None and 0 < item.score <= 1 for item in made.items)
    assert all((item.justification or "").startswith("shares: ") for item in made.items)
    assert made.channels == ("100", "200")
    assert made.time_range is not None
    assert (made.time_range.from_, made.time_range.to) == topic.dates


def test_a_title_is_a_members_headline(topic: Topic) -> None:
    assert titles_of([topic], {})[topic.id] in {CLOSED, REPAIR, OPEN}


def test_no_two_topics_have_one_title(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    pairs = [
        [make(f"Weather {day} {word}", title="Weather") for word in ("snow", "rain")] for day in ("Monday", "Tuesday")
    ]
    assign(stories, [document for pair in pairs for document in pair])
    topics = [Topic(f"topic:{n}", [document.source_ref for document in pair], stories) for n, pair in enumerate(pairs)]
    titles = titles_of(topics, {})
    assert titles["topic:0"] == "Weather"
    assert titles["topic:1"] not in {"Weather", ""}


def test_a_title_of_a_topic_that_is_not_told_again_stays_taken(topic: Topic) -> None:
    standing = card(topic, titles_of([topic], {})[topic.id], [], opened=1, digest="d")
    other = standing.model_copy(update={"id": "topic:other"})
    assert titles_of([topic], {"topic:other": other})[topic.id] != standing.title


def test_a_title_is_kept_while_the_anchors_are_members(topic: Topic) -> None:
    for headline in (CLOSED, REPAIR, OPEN):
        old = card(topic, headline, [], opened=1, digest="d")
        assert titles_of([topic], {topic.id: old})[topic.id] == headline


def test_a_title_goes_with_the_document_it_was_taken_from(topic: Topic) -> None:
    old = card(topic, "The headline of a document that went elsewhere", [], opened=1, digest="d")
    assert titles_of([topic], {topic.id: old})[topic.id] in {CLOSED, REPAIR, OPEN}


def test_a_title_goes_with_its_anchors(topic: Topic, stories: StoryIndex) -> None:
    best = titles_of([topic], {})[topic.id]
    other = next(headline for headline in (CLOSED, REPAIR, OPEN) if headline != best)
    old: TopicCard = card(topic, other, [], opened=1, digest="d")
    elsewhere = tuple(
        anchor.model_copy(update={"anchor_ref": f"tg:9:post:{n}"}) for n, anchor in enumerate(old.anchors)
    )
    gone = old.model_copy(update={"anchors": elsewhere})
    assert titles_of([topic], {topic.id: gone})[topic.id] == best


def test_a_headline_that_does_not_name_the_matter_is_led_by_a_keyphrase(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    documents = [
        make(f"It begun. {text}", title="It begun", phrases=("Old Bridge",)) for text in (CLOSED, REPAIR, OPEN)
    ]
    assign(stories, [*documents, *(make(f"It begun, said neighbour number {n}") for n in range(8))])
    topic = Topic("topic:x", [document.source_ref for document in documents], stories)
    assert titles_of([topic], {})[topic.id] == "Old Bridge: It begun"


def test_headlines_are_in_the_language_of_most_members(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    documents = [
        make("Мост закрыт, водолазы нашли трещину", title="Мост закрыт", language="ru"),
        make("Мост закрыт на месяц, трещину заделают", title="Мост закрыт на месяц", language="ru"),
        make("Мост, трещина, водолазы: bridge closed", title="Bridge closed, divers found a crack", language="en"),
    ]
    assign(stories, documents)
    topic = Topic("topic:x", [document.source_ref for document in documents], stories)
    assert titles_of([topic], {})[topic.id].startswith("Мост закрыт")


def test_emoji_before_a_headline_are_left_out(make: MakeDocument) -> None:
    assert headline_of(make("❗️🌉 «Мост» закрыт")) == "«Мост» закрыт"


def test_a_long_title_is_cut_between_words() -> None:
    cut = shortened("word, " * 40)
    assert cut.endswith("word…")
    assert len(cut) <= LONGEST
