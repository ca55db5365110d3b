from __future__ import annotations

import time
from typing import Any

import pytest

from tg_parser.llm.providers.local.advertising import is_advertising
from tg_parser.llm.providers.local.cleaning import clean
from tg_parser.llm.providers.local.extract import extract
from tg_parser.llm.providers.local.language import detect
from tg_parser.llm.providers.local.sentences import sentences
from tg_parser.llm.providers.local.spans import lines
from tg_parser.llm.providers.local.title import title


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Доброе утро, Москва! Сегодня выходной.", "ru"),
        ("Добрий ранок! Сьогодні вихідний день.", "uk"),
        ("Над столицей заметили синее свечение.", "ru"),
        ("Днес в София откриха нова станция на метрото, съобщи кметът на града.", "bg"),
        ("Сёння ў Мінску адкрылі новую станцыю метро.", "be"),
        ("Бүгін Астанада жаңа көпір ашылды, қала тұрғындары қуанды.", "kk"),
        ("The ministry has published the annual report today.", "en"),
        ("Das Ministerium hat heute den Bericht veröffentlicht.", "de"),
        ("Le ministère a publié aujourd'hui son rapport annuel.", "fr"),
        ("今日は東京で新しい駅が開業しました。", "ja"),
        ("政府今天公布了新的经济数据。", "zh"),
        ("오늘 서울에서 새로운 역이 문을 열었습니다.", "ko"),
        ("Vyšla nová verze https://example.org @channel 2024", "und"),
        ("ok", "und"),
        ("12:30 +7 999", "und"),
        ("https://example.org/some/very/long/english/path", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_told_or_left_open(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("⚡️СРОЧНО! Мост закрыт", "Мост закрыт"),
        ("Срочно нужна кровь первой группы", "Срочно нужна кровь первой группы"),
        ("🇺🇦 Молния: поезд остановлен.", "Поезд остановлен"),
        ("Всем привет!\nМы открыли новый офис в центре.", "Мы открыли новый офис в центре"),
        ("#новости Минфин сообщил о планах.", "Минфин сообщил о планах"),
        ("**Жирный заголовок**\n\nТекст.", "Жирный заголовок"),
        ("🔥", "🔥"),
        ("Осторожно?!", "Осторожно?!"),
    ],
)
def test_a_title_has_no_alarm_and_no_decoration(text: str, first: str) -> None:
    assert extract(text, {}).title == first


def test_a_long_title_ends_at_a_word_and_on_no_preposition() -> None:
    text = "Правительство утвердило программу развития общественного транспорта в крупных городах и в районах"
    assert title(text, sentences(text, lines(text, len(text)), "ru")) == (
        "Правительство утвердило программу развития общественного транспорта в крупных городах…"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Учите Python с нуля. Реклама. ООО «Школа», ИНН 7701234567",
        "Новый курс. erid: 2VtzqwXYZ1",
        "Скидка по промокоду SUMMER до конца недели",
        "Отличный чайник #реклама",
        "This post is sponsored by Acme.",
        "Get 20% off, use code SAVE20 at checkout",
        "x" * 20_000 + " #реклама",
    ],
)
def test_advertising_is_recognised_by_its_marks(text: str) -> None:
    assert is_advertising(text, 16_384)
    assert extract(text, {}).is_ad


@pytest.mark.parametrize(
    "text",
    [
        "Рынок рекламы вырос на 10% за год, сообщили аналитики.",
        "Наружная реклама в центре города будет запрещена.",
        "The sponsor of the bill answered questions.",
        "Спонсор клуба сменился.",
    ],
)
def test_news_about_advertising_is_not_advertising(text: str) -> None:
    assert not extract(text, {}).is_ad


@pytest.mark.parametrize(
    ("text", "hints", "kind"),
    [
        ("Какой язык вы учите?", {"media": ["poll"]}, "poll"),
        ("Опрос: какой язык вы учите?", {}, "poll"),
        ("Красота", {"media": ["photo"]}, "media"),
        ("Красота", {}, "other"),
        ("Канал создан", {}, "service"),
        ("Иван вступил в группу по приглашению", {"service": True}, "service"),
        ("Приглашаем на вебинар о базах данных, начало в среду в 19:00.", {}, "announcement"),
        ("Цены на жильё снова выросли за месяц. Что вы думаете, пора ли покупать?", {}, "discussion"),
        ("Цены на жильё снова выросли за месяц, сообщили в министерстве.", {}, "news"),
        ("Курс со скидкой по промокоду ZIMA, только до пятницы и только для наших читателей", {}, "ad"),
    ],
)
def test_the_kind_follows_plain_signs(text: str, hints: dict[str, Any], kind: str) -> None:
    assert extract(text, hints).kind == kind


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\u200bb\u00ad c\ufeff", "ab c"),
        ("один\u00a0два  три\t четыре", "один два три четыре"),
        ("a \n\n\n\n b\r\nc", "a\n\nb\nc"),
        ("слово\u200d и\u200c дело", "слово и дело"),
        ("👨‍👩‍👧 ❤️‍🔥", "👨‍👩‍👧 ❤️‍🔥"),
        ("می‌خواهم", "می‌خواهم"),
        ("и\u0306", "й"),
        ("\u2800\u2800x\u2800y", "x y"),
    ],
)
def test_cleaning_takes_what_nobody_sees(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "line",
    [
        "❤ Подписаться | Прислать новость",
        "🔴 Подписаться на Город - новости",
        "👉Подписывайтесь!",
        "Наш чат | Наш канал | YouTube",
        "Надіслати новину | Підписатися",
        "Subscribe: @acme_news | Chat",
        "@acme_news",
        "t.me/acme_news",
        "👉 Источник",
        "———",
    ],
)
def test_a_signature_is_cut_off_the_end(line: str) -> None:
    assert extract(f"Мост открыли для машин.\n\n{line}", {}).text_clean == "Мост открыли для машин."


@pytest.mark.parametrize(
    "line",
    [
        "Президент готов подписать договор",
        "Ukraine wants to join the European Union",
        "Users can now subscribe to it for five dollars",
        "Наш чат-бот научился отвечать",
        "https://t.me/city/1024",
        "https://example.org/article",
        "#мост #город",
        "Подробнее о ремонте расскажут в пятницу",
    ],
)
def test_the_last_line_of_a_story_is_no_signature(line: str) -> None:
    assert extract(f"Мост открыли для машин.\n\n{line}", {}).text_clean.endswith(line)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Dr. Smith met J. Doe. They agreed.", "en", ["Dr. Smith met J. Doe.", "They agreed."]),
        ("It costs 3.5 dollars! Really?", "en", ["It costs 3.5 dollars!", "Really?"]),
        ("В 2024 г. выросли цены. Это много.", "ru", ["В 2024 г. выросли цены.", "Это много."]),
        ("• Первый пункт\n• Второй пункт 👇", "ru", ["Первый пункт", "Второй пункт"]),
        ("今日は晴れ。明日は雨。", "ja", ["今日は晴れ。", "明日は雨。"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, language: str, expected: list[str]) -> None:
    assert [span.of(text) for span in sentences(text, lines(text, len(text)), language)] == expected


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        ".",
        "\n",
        "«",
        "#a ",
        "1 ",
        "Аб ",
        "@abcd\n",
        "[",
        "*_",
        "a.",
        "+1-",
        "t.me/a@bbbb",
        "наш чат ",
        "чат ",
        "ИП. ",
        "\u200d",
    ],
    ids=repr,
)
def test_no_text_takes_long(unit: str) -> None:
    """A hundred thousand characters take some 50 ms of processor time; what grows as their square takes minutes."""
    extract("Прогрев таблиц и моделей перед измерением.", {})
    began = time.process_time()
    extract((unit * 100_000)[:100_000], {})
    extract((unit * 139)[:139] + "\n" + (unit * 139)[:139], {})
    assert time.process_time() - began < 3
