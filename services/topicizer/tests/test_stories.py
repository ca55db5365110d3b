from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain.decision import decide
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import features
from tg_parser.topicizer.domain.stories import StoryIndex

START = datetime(2026, 3, 1, tzinfo=UTC)
FLOOD = "Уровень воды в реке Вель поднялся, набережная закрыта, ждут паводок"
TRAM = "Новую линию трамвая до Заречного откроют в мае, рельсы уже уложены"


def post(number: int, text: str, *, days: float = 0, ad: bool = False, reply_to: int | None = None) -> Document:
    return Document(
        source_ref=f"tg:1:post:{number}", revision=0, seq=number, channel_id="1", message_id=str(number),
        published_at=START + timedelta(days=days), text=text, title=text[:30], summary=text, phrases=(), hashtags=(), urls=(),
        reply_to=f"tg:1:post:{reply_to}" if reply_to else None, forwarded_from=None, language="ru", is_ad=ad,
    )  # fmt: skip


def told(*documents: Document) -> StoryIndex:
    stories = StoryIndex()
    for document in documents:
        stories.record(document, decided(stories, document), features(document))
    return stories


def decided(stories: StoryIndex, document: Document) -> Assignment:
    return decide(stories, document, features(document))


def test_posts_of_one_story_join_and_others_do_not() -> None:
    others = [post(number, f"Слово{number} иное{number} прочее{number}") for number in range(10, 40)]
    stories = told(*others, post(1, FLOOD), post(2, TRAM), post(3, f"{FLOOD}. Спасатели дежурят", days=1))
    assert stories.members["tg:1:post:3"].story is stories.members["tg:1:post:1"].story
    assert stories.members["tg:1:post:2"].story.id == "story:tg:1:post:2"


def test_a_repost_joins_its_original_whatever_surrounds_the_text() -> None:
    stories = told(post(1, FLOOD))
    again = decided(stories, post(2, f"❗ {FLOOD.upper()} https://t.me/x @news", days=60))
    assert (again.outcome, again.story_id, again.score) == ("joined", "story:tg:1:post:1", 1.0)


def test_an_ad_opens_a_story_of_its_own() -> None:
    stories = told(post(1, FLOOD))
    assert decided(stories, post(2, f"{FLOOD} и скидка", ad=True)).outcome == "opened"
