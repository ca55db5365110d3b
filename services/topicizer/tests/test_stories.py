from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.stories import Stories

START = datetime(2026, 3, 1, tzinfo=UTC)
FLOOD = "Уровень воды в реке Вель поднялся, набережная закрыта, ждут паводок"
TRAM = "Новую линию трамвая до Заречного откроют в мае, рельсы уже уложены"


def post(number: int, text: str, *, days: float = 0, ad: bool = False, reply_to: int | None = None) -> Document:
    return Document(
        source_ref=f"tg:1:post:{number}", revision=0, seq=number, channel_id="1", message_id=str(number),
        published_at=START + timedelta(days=days), text=text, title=text[:30], summary=text, phrases=(), hashtags=(), urls=(),
        reply_to=f"tg:1:post:{reply_to}" if reply_to else None, forwarded_from=None, language="ru", is_ad=ad,
    )  # fmt: skip


def told(*documents: Document) -> Stories:
    stories = Stories()
    for document in documents:
        stories.record(document, stories.decide(document))
    return stories


def test_posts_of_one_story_join_and_others_do_not() -> None:
    others = [post(number, f"Слово{number} иное{number} прочее{number}") for number in range(10, 40)]
    stories = told(*others, post(1, FLOOD), post(2, TRAM), post(3, f"{FLOOD}. Спасатели дежурят", days=1))
    assert stories.members["tg:1:post:3"].story_id == stories.members["tg:1:post:1"].story_id
    assert stories.members["tg:1:post:2"].story_id == "story:tg:1:post:2"


def test_a_repost_joins_its_original_whatever_surrounds_the_text() -> None:
    stories = told(post(1, FLOOD))
    again = stories.decide(post(2, f"❗ {FLOOD.upper()} https://t.me/x @news", days=60))
    assert (again.outcome, again.story_id, again.score) == ("joined", "story:tg:1:post:1", 1.0)


def test_an_ad_opens_a_story_of_its_own() -> None:
    stories = told(post(1, FLOOD))
    assert stories.decide(post(2, f"{FLOOD} и скидка", ad=True)).outcome == "opened"


def test_deciding_changes_nothing_and_gives_the_same_answer() -> None:
    stories = told(post(1, FLOOD), post(2, TRAM))
    before = copy.deepcopy(stories.stories)
    answers = {stories.decide(post(3, FLOOD, days=2)).model_dump_json() for _ in range(3)}
    assert len(answers) == 1
    assert stories.stories == before


TEXTS = st.lists(
    st.sampled_from([FLOOD, TRAM, "", "река", "Слово и дело " * 5, "🙂🙂", "Line 5 opens in May"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.data())
def test_taking_a_document_out_leaves_no_trace(texts: list[str], data: st.DataObject) -> None:
    stories = told(*(post(number, text) for number, text in enumerate(texts)))
    before = copy.deepcopy(
        (stories.stories, stories.frequency, stories.postings, stories.fingerprints, set(stories.members))
    )
    extra = post(99, data.draw(st.sampled_from([FLOOD, TRAM, "Совсем новое слово"])))
    stories.record(extra, stories.decide(extra))
    stories.remove(extra.source_ref)
    for story in stories.stories.values():
        story.last = max(stories.members[ref].document.published_at for ref in story.members)
    assert (
        stories.stories,
        stories.frequency,
        stories.postings,
        stories.fingerprints,
        stories.members.keys(),
    ) == before


def test_replaying_what_was_decided_gives_the_same_state() -> None:
    live, replayed = Stories(), Stories()
    for number, text in enumerate([FLOOD, TRAM, FLOOD + " снова", TRAM + " опять", "Другое дело"]):
        document = post(number, text, days=number)
        assignment = live.decide(document)
        live.record(document, assignment)
        replayed.record(document, assignment)
    assert replayed.stories == live.stories
    assert replayed.decide(post(50, FLOOD)) == live.decide(post(50, FLOOD))
