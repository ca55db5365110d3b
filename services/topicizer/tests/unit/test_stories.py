from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain.decision import decide
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import FEATURES_VERSION, features
from tg_parser.topicizer.domain.stories import StoryIndex
from tg_parser.topicizer.domain.vocabulary import level

MakeDocument = Callable[..., Document]
Assign = Callable[[StoryIndex, Sequence[Document]], list[Assignment]]
Snapshot = Callable[[StoryIndex], Any]

WORDS = ["bridge", "river", "flood", "tram", "heat", "boiler", "final", "goal", "Вель", "мост", "трамвай", "7", "41"]
START = datetime(2026, 3, 2, tzinfo=UTC)


@st.composite
def placed_documents(draw: st.DrawFn) -> list[tuple[Document, str]]:
    """Documents with any words, each put into any of few stories."""
    count = draw(st.integers(1, 12))
    placed: list[tuple[Document, str]] = []
    for number in range(count):
        text = " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=12)))
        document = Document(
            f"tg:{number % 3}:post:{number}", 0, number, str(number % 3), str(number),
            START + timedelta(hours=draw(st.integers(0, 999))), text, "", text[:20], (), (), (), None,
            draw(st.sampled_from([None, "tg:9:post:1", "A name"])), "en", False,
        )  # fmt: skip
        placed.append((document, draw(st.sampled_from(["story:a", "story:b", "story:c"]))))
    return placed


def put(stories: StoryIndex, document: Document, story: str) -> None:
    assignment = Assignment(
        source_ref=document.source_ref, story_id=story, outcome="joined", score=0.5, features_version=FEATURES_VERSION
    )
    stories.record(document, assignment, features(document))


@settings(deadline=None, max_examples=60)
@given(placed=placed_documents(), data=st.data())
def test_what_was_added_and_removed_was_never_there(placed: list[tuple[Document, str]], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from([document.source_ref for document, _ in placed])))
    all_of_them, without = StoryIndex(), StoryIndex()
    for document, story in placed:
        put(all_of_them, document, story)
        if document.source_ref not in gone:
            put(without, document, story)
    for ref in data.draw(st.permutations(sorted(gone))):
        all_of_them.remove(ref)
    assert held(all_of_them) == held(without)


@settings(deadline=None, max_examples=60)
@given(placed=placed_documents(), data=st.data())
def test_the_order_of_recording_leaves_no_trace(placed: list[tuple[Document, str]], data: st.DataObject) -> None:
    forth, back = StoryIndex(), StoryIndex()
    for document, story in placed:
        put(forth, document, story)
    for document, story in data.draw(st.permutations(placed)):
        put(back, document, story)
    assert held(forth) == held(back)
    newcomer, _ = placed[0]
    for stories in (forth, back):
        stories.remove(newcomer.source_ref)
    assert decide(forth, newcomer, features(newcomer)) == decide(back, newcomer, features(newcomer))


def held(stories: StoryIndex) -> Any:
    """As the fixture `snapshot`, which hypothesis cannot take."""
    vocabulary = stories.vocabulary
    names = vocabulary.names
    live = [number for number in range(len(names)) if vocabulary.frequency(number)]
    return (
        vocabulary.documents,
        {names[number]: (vocabulary.frequency(number), vocabulary.telling_one(number)) for number in live},
        {names[number]: sorted(story.id for story in stories.posting(number)) for number in live},
        {
            name: (
                sorted(story.members),
                story.first,
                story.last,
                dict(zip((names[term] for term in story.terms.tolist()), story.total.tolist(), strict=True)),
            )
            for name, story in stories.stories.items()
        },
        {ref: (member.story.id, member.document, member.identities) for ref, member in stories.members.items()},
        {
            document: sorted(stories.twins(member.document, features(member.document)))
            for document, member in stories.members.items()
        },
    )


TEXTS = [
    "The crack in the Old Bridge grew, divers will inspect the piers",
    "Wolves beat Buran in overtime, the final series begins",
    "Divers found another crack in the piers of the Old Bridge",
    "Boiler house stopped again, schools without heat",
    "Wolves lost the final to the Polar Star",
    "New burners in the boiler house, heat in schools is back",
]


def test_an_edit_leaves_the_state_as_if_only_the_last_wording_had_been(
    make: MakeDocument, assign: Assign, snapshot: Snapshot
) -> None:
    documents = [make(text, number=n) for n, text in enumerate(TEXTS)]
    edited = make("Boiler house: the heat is back in all schools", number=3, revision=1)
    stories, fresh = StoryIndex(), StoryIndex()
    assigned = assign(stories, documents)
    [again] = assign(stories, [edited])
    for document, assignment in zip(documents, assigned, strict=True):
        if document.source_ref != edited.source_ref:
            fresh.record(document, assignment, features(document))
    fresh.record(edited, again, features(edited))
    assert snapshot(stories) == snapshot(fresh)


def test_replaying_records_what_was_decided_and_decides_nothing(
    make: MakeDocument, assign: Assign, snapshot: Snapshot
) -> None:
    documents = [make(text) for text in TEXTS]
    lived, replayed = StoryIndex(), StoryIndex()
    elsewhere = [each.model_copy(update={"story_id": "story:elsewhere"}) for each in assign(lived, documents)]
    for document, assignment in zip(documents, elsewhere, strict=True):
        replayed.record(document, assignment, features(document))
    assert replayed.stories.keys() == {"story:elsewhere"}
    assert replayed.stories["story:elsewhere"].members == lived.members.keys()


def test_deciding_changes_nothing(make: MakeDocument, assign: Assign, snapshot: Snapshot) -> None:
    stories = StoryIndex()
    assign(stories, [make(text) for text in TEXTS])
    before = snapshot(stories)
    newcomer = make("Divers and the bridge, unheard words")
    first = decide(stories, newcomer, features(newcomer))
    assert snapshot(stories) == before
    assert decide(stories, newcomer, features(newcomer)) == first


def test_a_pickled_state_decides_the_same(make: MakeDocument, assign: Assign, snapshot: Snapshot) -> None:
    stories = StoryIndex()
    assign(stories, [make(text) for text in TEXTS])
    thawed: StoryIndex = pickle.loads(pickle.dumps(stories))
    newcomer = make("Divers and the crack in the bridge piers")
    assert snapshot(thawed) == snapshot(stories)
    assert decide(thawed, newcomer, features(newcomer)) == decide(stories, newcomer, features(newcomer))


def test_removing_what_was_never_there_does_nothing(make: MakeDocument, assign: Assign, snapshot: Snapshot) -> None:
    stories = StoryIndex()
    assign(stories, [make(text) for text in TEXTS])
    before = snapshot(stories)
    stories.remove("tg:1:post:404")
    assert snapshot(stories) == before


def test_levels_are_quarter_octaves() -> None:
    assert [level(count) for count in (0, 1, 2, 3, 4, 16, 17, 1024)] == [0, 0, 4, 6, 8, 16, 16, 40]
