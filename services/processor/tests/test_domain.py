from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tg_parser.contracts.documents import IMPORTED_PIPELINE, Entity, ImportedDocument
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import (
    Button,
    ForwardOrigin,
    Media,
    Place,
    Poll,
    PollAnswer,
    TelegramMessage,
    TextEntity,
)
from tg_parser.llm.port import StructuredResult
from tg_parser.processor.domain import (
    Pipeline,
    document_text,
    hints,
    inherited,
    processed,
    skip_reason,
    skipped,
    taken_over,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
PIPELINE = Pipeline("local", "m", "sha256:0", "extract-post@1", {"temperature": 0})


def job(text: str = "Мост открыт", known: str = "", number: int = 7, **fields: Any) -> ProcessMessage:
    message = TelegramMessage(channel_id="1", message_id=number, date=AT, text=text, **fields)
    return ProcessMessage(
        workflow_id="w", message=message, content_hash=message.content_hash(), known_pipeline_key=known
    )


def answer(**fields: Any) -> StructuredResult:
    output = {
        "text_clean": "Мост открыт", "title": "Мост", "summary": "Мост открыт", "key_points": [], "topics": ["мост"],
        "entities": [], "language": "ru", "kind": "news", "is_ad": False,
    }  # fmt: skip
    return StructuredResult(output={**output, **fields}, model="m-1", provider="local")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (job(kind="service", text="", action="pin_message"), "service"),
        (job(text=" \n"), "empty"),
        (job(kind="photo", text="", media=(Media(kind="photo"),)), "empty"),
        (job(known=PIPELINE.key), "unchanged"),
        (job(known="another"), None),
        (job(known=IMPORTED_PIPELINE), "unchanged"),
        (job(), None),
        (job(kind="photo", text="", media=(Media(kind="photo"),), grouped_id="5"), "empty"),
        (job(kind="file", text="", media=(Media(kind="file", file_name="план.pdf"),), grouped_id="5"), "empty"),
        (job(kind="file", text="", media=(Media(kind="file", file_name="план.pdf"),)), None),
        (job(kind="sticker", text="", media=(Media(kind="sticker", title="🎬"),)), "empty"),
        (job(text="", poll=Poll(question="Когда?", answers=(PollAnswer(text="Завтра"),))), None),
        (job(kind="location", text="", place=Place(latitude=1, longitude=2, title="Дворец")), None),
        (job(kind="location", text="", place=Place(latitude=1, longitude=2, live=True)), "empty"),
        (job(kind="contact", text="", contact_name="Диспетчер"), None),
        (job(text="", rich=({"_": "pageBlockTitle", "text": {"_": "textPlain", "text": "Итоги"}},)), None),
        (job(text="", rich=({"_": "pageBlockPhoto", "photo_id": 5},)), "empty"),
    ],
)
def test_what_needs_no_document_says_why(given: ProcessMessage, reason: str | None) -> None:
    assert skip_reason(given, PIPELINE.key) == reason


def test_a_skipped_message_is_named_with_its_pipeline() -> None:
    fact = skipped(job(), "empty", PIPELINE.key)
    assert (fact.source_ref, fact.reason, fact.pipeline_key) == ("tg:1:post:7", "empty", PIPELINE.key)


def test_a_poll_is_read_as_question_and_options() -> None:
    poll = Poll(question="Когда?", answers=(PollAnswer(text="Завтра"), PollAnswer(text="Никогда")))
    assert document_text(job(text="Опрос", poll=poll).message) == "Опрос\n\nКогда?\n\n- Завтра\n- Никогда"


def test_what_is_not_in_the_post_is_left_out_and_counted() -> None:
    points = [{"text": "открыт", "quote": "мост  ОТКРЫТ"}, {"text": "закрыт", "quote": "мост закрыт"}]
    entities = [
        {"type": "place", "value": "Мост", "confidence": None, "quote": "Мост"},
        {"type": "person", "value": "Никто", "confidence": 0.9, "quote": "Никто"},
        {"type": "name", "value": "x", "confidence": None, "quote": ""},
    ]
    fact = processed(job(), PIPELINE, answer(key_points=points, entities=entities), at=AT, attempt=1)
    assert [point.text for point in fact.document.key_points] == ["открыт"]
    assert [entity.value for entity in fact.document.entities] == ["Мост"]
    assert fact.document.metadata.evidence_dropped == 3


def test_ranges_are_counted_as_telegram_counts_them() -> None:
    entities = (
        TextEntity(type="hashtag", offset=3, length=5),
        TextEntity(type="text_link", offset=9, length=4, url="https://a.example"),
        TextEntity(type="link", offset=14, length=17),
    )
    given = job(text="🌊 #река вода https://b.example", entities=entities)
    document = processed(given, PIPELINE, answer(), at=AT, attempt=1).document
    assert document.hashtags == ("#река",)
    assert document.urls == ("https://a.example", "https://b.example")


def test_the_addresses_of_buttons_are_the_posts_too() -> None:
    buttons = (Button(text="Купить", url="https://a.example"), Button(text="Нет"))
    assert processed(job(buttons=buttons), PIPELINE, answer(), at=AT, attempt=1).document.urls == ("https://a.example",)


def test_what_a_rich_message_links_to_and_is_tagged_with_is_the_posts_too() -> None:
    texts = [
        {"_": "textUrl", "text": {"_": "textPlain", "text": "тут"}, "url": "https://a.example"},
        {"_": "textHashtag", "text": {"_": "textPlain", "text": "#река"}},
        {"_": "textAutoUrl", "text": {"_": "textPlain", "text": "https://b.example"}},
    ]
    given = job(text="", rich=({"_": "pageBlockParagraph", "text": {"_": "textConcat", "texts": texts}},))
    document = processed(given, PIPELINE, answer(), at=AT, attempt=1).document
    assert document.urls == ("https://a.example", "https://b.example")
    assert document.hashtags == ("#река",)


def test_a_text_is_asked_about_without_its_styles_and_what_cannot_be_seen() -> None:
    given = job("сло\u00adво\u200b", entities=(TextEntity(type="bold", offset=0, length=6),)).message
    assert document_text(given) == "слово"


def test_where_a_post_comes_from_and_what_it_answers_is_kept() -> None:
    named = processed(job(forwarded_from=ForwardOrigin(name="Соседи")), PIPELINE, answer(), at=AT, attempt=1).document
    known = ForwardOrigin(channel_id="2", message_id=5)
    exact = processed(job(forwarded_from=known, reply_to_message_id=3), PIPELINE, answer(), at=AT, attempt=1).document
    assert (named.forwarded_from, named.reply_to) == ("Соседи", None)
    assert (exact.forwarded_from, exact.reply_to) == ("tg:2:post:5", "tg:1:post:3")


def test_the_dates_of_a_document_are_the_posts_and_the_answers() -> None:
    later = datetime(2026, 4, 1, tzinfo=UTC)
    document = processed(job(), PIPELINE, answer(), at=later, attempt=1).document
    assert (document.published_at, document.processed_at) == (AT, later)
    assert (document.metadata.method, document.metadata.model_id) == ("extractive", "m-1")


def test_pipelines_differ_by_each_of_their_parts() -> None:
    others = [
        Pipeline("openai", "m", "sha256:0", "extract-post@1", {"temperature": 0}),
        Pipeline("local", "n", "sha256:0", "extract-post@1", {"temperature": 0}),
        Pipeline("local", "m", "sha256:1", "extract-post@1", {"temperature": 0}),
        Pipeline("local", "m", "sha256:0", "extract-post@1", {"temperature": 1}),
    ]
    assert len({PIPELINE.key, *(other.key for other in others)}) == 5
    assert Pipeline("local", "m", "sha256:0", "renamed", {"temperature": 0}).key == PIPELINE.key


def test_the_date_of_a_repost_is_no_part_of_the_question() -> None:
    assert "date" not in hints(job())


def imported(text: str) -> ImportedDocument:
    return ImportedDocument(
        text_hash=TelegramMessage(channel_id="1", message_id=7, date=AT, text=text).text_hash(),
        processed_at=datetime(2025, 3, 5, tzinfo=UTC),
        text_clean="Мост открыт.",
        summary="Открыт мост.",
        topics=("мост",),
        entities=(Entity(type="place", value="Мост", confidence=0.9),),
        pipeline_version="processing:v1.0.0",
        model_id="gpt-4o-mini",
        prompt_id="sha256:0123456789abcdef",
        prompt_name="processing_v1",
        parameters={"temperature": 0},
    )


def test_a_document_that_was_paid_for_says_who_made_it_how_and_when() -> None:
    given = job(entities=(TextEntity(type="link", offset=0, length=4),)).model_copy(
        update={"imported": imported("Мост  открыт")}
    )
    found = inherited(given)
    assert found is not None
    fact = taken_over(given, found, attempt=1)
    document, made = fact.document, fact.document.metadata
    assert (fact.pipeline_key, fact.cost_micros, fact.usage.output) == (IMPORTED_PIPELINE, 0, 0)
    assert (document.content_hash, document.published_at, document.processed_at.year) == (given.content_hash, AT, 2025)
    assert (document.text_clean, document.summary, document.urls) == ("Мост открыт.", "Открыт мост.", ("Мост",))
    assert (made.provider, made.model_id, made.prompt_id, made.pipeline_version, made.method) == (
        "v3-import", "gpt-4o-mini", "sha256:0123456789abcdef", "processing:v1.0.0", "llm",
    )  # fmt: skip


def test_a_document_of_other_words_says_nothing_of_these() -> None:
    assert inherited(job().model_copy(update={"imported": imported("Мост закрыт")})) is None
    assert inherited(job()) is None


def test_without_a_model_whatever_was_understood_stands() -> None:
    assert skip_reason(job(known="another"), "") == "unchanged"
    assert skip_reason(job(), "") is None
