from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tg_parser.llm.extraction import RULES_OUTPUT, Extraction
from tg_parser.llm.providers.local.extract import ANALYSED_CHARS, extract

NEWS = """🇷🇺❗️СРОЧНО: Банк России повысил ключевую ставку до 21% годовых.

Решение совета директоров объявили 25 октября 2024 года в 13:30. Глава банка Эльвира Набиуллина сказала, что рост цен
оказался выше прогноза. Компания «Ромашка» уже пересчитала кредиты на 3,5 млн рублей. Подробности: https://example.org/rate

#экономика #КлючеваяСтавка

❤️ Подписаться | Прислать новость
@example_channel"""

UKRAINIAN = """Терміново! У Львові відкрили новий центр допомоги переселенцям.

Центр працює щодня з 9:00 до 18:00 на вулиці Зеленій. Там безкоштовно видають їжу та ліки. Телефон: +380 32 123 45 67."""

ENGLISH = """BREAKING: Acme Corp. opened a research centre in Lisbon on Sept. 9, 2024. The centre cost $12 million.
Dr. Jane Roe said 300 engineers will work there by 2026.

Subscribe: @acme_news"""

# Pieces that real posts are made of, and that trip text processing up.
PIECES = st.sampled_from(
    [
        "Привет, мир.", "Срочно!", "BREAKING:", "«Ромашка»", "ООО «", "»", "Подписаться | Чат", "@channel", "#тег", "# ",
        "https://t.me/x/1)", "t.me/abc", "a@b.cc", "+7 (999) 123-45-67", "12:30", "$5 млн", "100%", "1 января 2024 года",
        "👨‍👩‍👧", "🔥", "\u200b", "\u200d", "\ufeff", "\u2800", "\u00a0", "\r\n", "\n\n", "\n", " ", "**", "__", "e\u0301",
        "ІЇЄҐ", "Apple Inc.", "Москва", "Иван Петров", "...", "!!!", "?", "é", "中文。", "שלום", "مرحبا", "\u2028", "\x1c",
    ]
)  # fmt: skip
MESSY = st.lists(PIECES | st.text(max_size=20), max_size=25).map("".join)


def quotes(extraction: Extraction) -> list[str]:
    return [point.quote for point in extraction.key_points] + [entity.quote for entity in extraction.entities]


@settings(max_examples=400, deadline=None)
@given(MESSY)
def test_every_quote_is_a_piece_of_the_document(document: str) -> None:
    extraction = extract(document, {})
    assert all(quote and quote in document for quote in quotes(extraction))
    assert all(point.text == point.quote for point in extraction.key_points)
    assert all(entity.confidence is None for entity in extraction.entities)


@settings(max_examples=200, deadline=None)
@given(MESSY)
def test_what_is_said_of_any_text_is_valid_and_has_a_title_unless_there_is_no_text(document: str) -> None:
    extraction = extract(document, {})
    Draft202012Validator(dict(RULES_OUTPUT.schema)).validate(extraction.model_dump(mode="json"))
    assert (extraction.title is None) == (not extraction.text_clean)
    assert (extraction.summary is None) == (not extraction.text_clean)
    assert len(extraction.title or "") <= 90
    assert extract(document, {}) == extraction


def test_a_russian_news_post_is_told_in_its_own_words() -> None:
    found = extract(NEWS, {})
    assert found.title == "Банк России повысил ключевую ставку до 21% годовых"
    assert found.summary is not None
    assert found.summary.startswith("Банк России повысил ключевую ставку до 21% годовых.")
    assert (found.language, found.kind, found.is_ad) == ("ru", "news", False)
    assert found.topics[:2] == ("экономика", "ключевая ставка")
    assert found.text_clean.endswith("#экономика #КлючеваяСтавка")
    named = {(entity.type, entity.value) for entity in found.entities}
    assert named >= {
        ("percent", "21%"),
        ("date", "25 октября 2024 года"),
        ("time", "13:30"),
        ("money", "3,5 млн рублей"),
        ("organization", "Ромашка"),
        ("name", "Эльвира Набиуллина"),
        ("url", "https://example.org/rate"),
        ("hashtag", "#экономика"),
    }


def test_a_ukrainian_post_is_told_in_its_own_words() -> None:
    found = extract(UKRAINIAN, {})
    assert found.title == "У Львові відкрили новий центр допомоги переселенцям"
    assert (found.language, found.kind) == ("uk", "news")
    assert any("центр" in topic for topic in found.topics)
    assert ("phone", "+380 32 123 45 67") in {(entity.type, entity.value) for entity in found.entities}


def test_an_english_post_is_told_in_its_own_words() -> None:
    found = extract(ENGLISH, {})
    assert found.title == "Acme Corp. opened a research centre in Lisbon on Sept. 9, 2024"
    assert (found.language, found.kind) == ("en", "news")
    assert "@acme_news" not in found.text_clean
    named = {(entity.type, entity.value) for entity in found.entities}
    assert named >= {("money", "$12 million"), ("date", "Sept. 9, 2024"), ("name", "Lisbon")}
    assert any(point.quote.startswith("Dr. Jane Roe said 300 engineers") for point in found.key_points)


@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\ufeff\n\u2800"])
def test_a_blank_post_has_nothing_in_it(blank: str) -> None:
    found = extract(blank, {"media": ["photo"]})
    assert (found.text_clean, found.title, found.summary) == ("", None, None)
    assert (found.key_points, found.topics, found.entities) == ((), (), ())
    assert (found.language, found.kind) == ("und", "media")


def test_only_the_beginning_of_a_huge_document_is_analysed() -> None:
    document = "Обычное предложение о погоде в городе. " * 500 + "Иван Петров заплатил $777."
    assert len(document) > ANALYSED_CHARS
    found = extract(document, {})
    assert "$777" not in quotes(found)
    assert found.text_clean.endswith("$777.")


def test_a_footer_is_cut_but_the_authors_own_words_stay() -> None:
    found = extract(
        "Мост открыли для машин.\n\nПодписывайтесь на наш канал: @city\nГород Онлайн", {"channel_title": "Город онлайн"}
    )
    assert found.text_clean == "Мост открыли для машин."
    source = "Мост открыли для машин.\nhttps://t.me/city/1024"
    assert extract(source, {}).text_clean == source  # a link to a post is a source, not a signature
    whole = "Подписывайтесь на канал @city"
    assert extract(whole, {}).text_clean == whole
