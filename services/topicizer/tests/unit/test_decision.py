from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain import decision
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import features
from tg_parser.topicizer.domain.stories import StoryIndex

MakeDocument = Callable[..., Document]
Assign = Callable[[StoryIndex, Sequence[Document]], list[Assignment]]

BACKGROUND = [
    "Weather tomorrow: snow, slippery roads and a cold wind from the north",
    "The library opens a language club for beginners on Tuesdays",
    "Road works on Kozhevennaya street until Friday, buses take a detour",
    "A lost dog with a blue collar was seen near the southern market",
    "Blood donors are asked to come with a passport in the morning",
    "The museum shows old tram tickets and a conductor's bag",
]
BRIDGE = "Divers inspected the piers of the Old Bridge and found a crack under the water"


@pytest.fixture
def stories(make: MakeDocument, assign: Assign) -> StoryIndex:
    """A town's ordinary news, and one post about the bridge, tg:100:post:50."""
    stories = StoryIndex()
    assign(stories, [make(text, hours=0) for text in BACKGROUND])
    assign(stories, [make(BRIDGE, number=50, hours=1)])
    return stories


def test_the_first_document_opens_a_story_named_for_it(make: MakeDocument, assign: Assign) -> None:
    [assignment] = assign(StoryIndex(), [make(BRIDGE, number=50)])
    assert (assignment.outcome, assignment.story_id, assignment.score) == ("opened", "story:tg:100:post:50", 0.0)


def test_the_same_event_in_other_words_joins_and_says_why(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    [assignment] = assign(
        stories, [make("The crack in the Old Bridge piers was filmed by divers", hours=3, channel="200")]
    )
    assert (assignment.outcome, assignment.story_id) == ("joined", "story:tg:100:post:50")
    assert assignment.score >= decision.JOIN_AT
    assert {"diver", "crack", "pier"} & set(assignment.terms)


def test_another_subject_opens_its_own_story(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    [assignment] = assign(stories, [make("The hockey team won the semi-final in overtime", hours=3, number=70)])
    assert (assignment.outcome, assignment.story_id) == ("opened", "story:tg:100:post:70")


def test_half_a_likeness_is_recorded_and_not_followed(
    stories: StoryIndex, make: MakeDocument, assign: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer = make("Divers are wanted for the swimming pool, the old one has a crack", hours=3, number=70)
    [assignment] = assign(stories, [newcomer])
    monkeypatch.setattr(decision, "JOIN_AT", assignment.score + 0.001)
    monkeypatch.setattr(decision, "ABSTAIN_AT", assignment.score)
    [again] = assign(stories, [newcomer])
    assert (again.outcome, again.story_id) == ("abstained", "story:tg:100:post:70")
    assert again.runner_up == "story:tg:100:post:50"


def test_a_repost_joins_whatever_its_date_and_channel(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    [assignment] = assign(stories, [make(f"❗️{BRIDGE.upper()}!", hours=5000, channel="200")])
    assert (assignment.outcome, assignment.story_id, assignment.score) == ("joined", "story:tg:100:post:50", 1.0)


def test_a_forward_joins_its_original_and_other_forwards_of_it(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    first, second, third = assign(
        stories,
        [
            make("Look!", channel="200", forwarded_from="tg:100:post:50"),
            make("Important for cyclists", channel="300", number=1, forwarded_from="tg:900:post:8"),
            make("Cyclists, read it", channel="400", number=1, forwarded_from="tg:900:post:8"),
        ],
    )
    assert first.story_id == "story:tg:100:post:50"
    assert third.story_id == second.story_id == "story:tg:300:post:1"


def test_an_original_that_comes_after_its_forward_joins_it(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    assign(stories, [make("Look!", channel="200", number=1, forwarded_from="tg:900:post:8")])
    [assignment] = assign(stories, [make("Quite another wording", channel="900", number=8)])
    assert assignment.story_id == "story:tg:200:post:1"


def test_forwards_that_name_only_a_channel_prove_nothing(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    first, second = assign(
        stories,
        [
            make("Hockey tonight", channel="200", forwarded_from="City news"),
            make("Concert tickets", channel="200", forwarded_from="City news"),
        ],
    )
    assert first.story_id != second.story_id


def test_an_answer_is_taken_to_go_on_with_what_it_answers(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    text = "Divers add: the water was muddy, they will come back on Monday with a better lamp and a camera"
    [alone] = assign(stories, [make(text, hours=3, number=60)])
    [answer] = assign(stories, [make(text.replace("add", "added"), hours=3, number=60, reply_to="tg:100:post:50")])
    assert answer.score >= alone.score + decision.REPLY_BONUS
    assert answer.story_id == "story:tg:100:post:50"


def test_an_advertisement_is_a_story_of_its_own(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    [assignment] = assign(
        stories, [make("Cameras for divers: see every crack under the bridge", is_ad=True, number=70)]
    )
    assert (assignment.outcome, assignment.story_id) == ("opened", "story:tg:100:post:70")


def test_the_same_words_weeks_later_count_less(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    text = "Divers look at the crack in the bridge"
    [soon] = assign(stories, [make(text, hours=10, number=60)])
    stories.remove("tg:100:post:60")
    [late] = assign(stories, [make(text, hours=24 * 40, number=60)])
    assert late.score == pytest.approx(soon.score * decision.STALE_FACTOR, abs=1e-5)


def test_another_channel_is_believed_sooner_than_the_same(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    text = "Divers look at the crack in the bridge"
    [same] = assign(stories, [make(text, hours=10, number=60)])
    stories.remove("tg:100:post:60")
    [other] = assign(stories, [make(text, hours=10, number=60, channel="200")])
    assert same.score == pytest.approx(other.score * decision.SAME_CHANNEL, abs=1e-5)


def test_large_stories_ask_for_more(make: MakeDocument, assign: Assign) -> None:
    stories = StoryIndex()
    assign(stories, [make(f"{BRIDGE} again", hours=0, channel=str(n)) for n in range(32)])
    [story] = stories.stories.values()
    assert decision._asked(story) == pytest.approx(decision.JOIN_AT + 2 * decision.STRICTER)  # pyright: ignore[reportPrivateUsage] - the rule itself


def test_between_equals_the_lower_id_wins(make: MakeDocument, assign: Assign) -> None:
    stories = StoryIndex()
    for number in (9, 3):
        put = make("Divers found a crack", number=number, hours=0)
        assign(stories, [put])
        stories.record(
            put,
            Assignment(
                source_ref=put.source_ref,
                story_id=f"story:{put.source_ref}",
                outcome="opened",
                score=0,
                features_version="",
            ),
            features(put),
        )
    [assignment] = assign(stories, [make("Divers found a long crack", number=20, hours=0)])
    assert assignment.story_id == "story:tg:100:post:3"
    assert assignment.runner_up == "story:tg:100:post:9"
    assert assignment.margin == 0.0


def test_a_document_edited_away_from_its_own_story_opens_another(
    stories: StoryIndex, make: MakeDocument, assign: Assign
) -> None:
    assign(stories, [make("Divers filmed the crack in the Old Bridge piers", number=51, hours=2, channel="200")])
    [assignment] = assign(stories, [make("Concert of the brass band in the park", number=50, hours=1, revision=3)])
    assert assignment.story_id == "story:tg:100:post:50~3"
    assert stories.stories["story:tg:100:post:50"].members == {"tg:200:post:51"}


def test_documents_without_words_stay_alone(stories: StoryIndex, make: MakeDocument, assign: Assign) -> None:
    first, second = assign(stories, [make("🔥"), make("👍", reply_to="tg:100:post:50")])
    assert (first.outcome, second.outcome) == ("opened", "opened")
