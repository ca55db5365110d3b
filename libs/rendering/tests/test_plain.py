from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.rendering.plain import clean, own_words, plain

Message = Callable[..., TelegramMessage]
POLL: dict[str, Any] = {
    "question": "Когда?",
    "answers": [{"text": "Завтра", "voters": 3}, {"text": "Никогда"}],
    "total_voters": 3,
}


def test_plain_text_has_the_words_without_their_styles(message: Message) -> None:
    styled = message(
        "Мост https://a.example тут",
        {"type": "bold", "offset": 0, "length": 4},
        {"type": "text_link", "offset": 23, "length": 3, "url": "https://b.example"},
    )
    assert plain(styled) == "Мост https://a.example тут"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" до\r\nпосле\r ", "до\nпосле"),
        ("cafe\u0301", "café"),
        ("сло\u00adво\u200b и\ufeff", "слово и"),
        ("\u2066שלום\u2069\u200f", "שלום"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_what_has_no_width_is_left_out_and_letters_are_composed(text: str, words: str, message: Message) -> None:
    assert plain(message(text)) == words


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"kind": "poll", "poll": POLL}, "Когда?\n\n- Завтра\n- Никогда"),
        ({"kind": "location", "place": {"latitude": 55.75, "longitude": 37.6, "title": "Дворец", "address": "Мира, 1"}},
         "Дворец\nМира, 1\n55.75, 37.6"),
        ({"kind": "location", "place": {"latitude": 55.75, "longitude": 37.6, "live": True}}, ""),
        ({"kind": "contact", "contact_name": "Диспетчер"}, "Диспетчер"),
        ({"kind": "audio", "media": [{"kind": "audio", "performer": "Хор", "title": "Песня", "file_name": "1.mp3"}]}, "Хор – Песня"),
        ({"kind": "file", "media": [{"kind": "file", "file_name": "план.pdf"}]}, "план.pdf"),
        ({"kind": "other", "media": [{"kind": "game", "title": "Шахматы"}]}, "Шахматы"),
        ({"kind": "other", "media": [{"kind": "dice"}]}, ""),
        ({"kind": "sticker", "media": [{"kind": "sticker", "title": "🎬"}]}, ""),
        ({"kind": "photo", "media": [{"kind": "photo", "file_name": "1.jpg"}]}, ""),
        ({"kind": "service", "action": "pin_message", "text": "pinned"}, ""),
        ({"kind": "text", "rich": [{"_": "pageBlockHeading1", "text": {"_": "textPlain", "text": "Итоги"}}]}, "Итоги"),
    ],
)  # fmt: skip
def test_words_are_found_wherever_they_are(members: dict[str, Any], words: str, message: Message) -> None:
    assert plain(message(**members)) == words


def test_a_caption_says_more_than_a_files_name(message: Message) -> None:
    file = {"kind": "file", "media": [{"kind": "file", "file_name": "план.pdf"}]}
    assert plain(message("План работ", **file)) == "План работ"
    assert own_words(message(**file)) == ""
    assert own_words(message("План работ", **file)) == "План работ"


def test_a_repost_says_what_the_original_says_and_votes_change_nothing(message: Message) -> None:
    forwarded = message("Мост открыт", forwarded_from={"name": "Соседи", "channel_id": "2", "message_id": 5})
    assert plain(forwarded) == plain(message("Мост открыт"))
    more = {**POLL, "total_voters": 100}
    assert plain(message(poll=POLL)) == plain(message(poll=more))
