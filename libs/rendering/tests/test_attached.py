from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.rendering.markdown import is_bare, markdown

Message = Callable[..., TelegramMessage]


@pytest.mark.parametrize(
    ("members", "rendering"),
    [
        (
            {"poll": {"question": "Когда?", "total_voters": 4, "answers": [{"text": "# Завтра", "voters": 3},
              {"text": "Никогда", "voters": 1}]}},
            "Когда?\n\n- \\# Завтра — 75 % (3)\n- Никогда — 25 % (1)",
        ),
        ({"poll": {"question": "Когда?", "answers": [{"text": "Завтра"}]}}, "Когда?\n\n- Завтра"),
        ({"place": {"latitude": 55.75, "longitude": 37.6, "title": "Дворец"}}, "Дворец  \n55.75, 37.6"),
        ({"place": {"latitude": 55.75, "longitude": 37.6, "live": True}}, "\\[live location\\]"),
        ({"contact_name": "Диспетчер"}, "\\[contact: Диспетчер\\]"),
        ({"media": [{"kind": "sticker", "title": "🎬"}]}, "🎬"),
        ({"media": [{"kind": "audio", "performer": "Хор", "title": "Песня"}]}, "\\[audio: Хор – Песня\\]"),
        ({"media": [{"kind": "dice"}]}, "\\[dice\\]"),
        ({"media": [{"kind": "invoice", "title": "Билет"}]}, "\\[invoice: Билет\\]"),
        ({"media": [{"kind": "photo"}]}, ""),
        ({"buttons": [{"text": "Купить", "url": "https://a.example"}, {"text": "Нет"}]}, "- [Купить](<https://a.example>)"),
        ({"kind": "service", "action": "pin_message"}, "\\[pin message\\]"),
        ({"kind": "service", "action": "edit_group_title", "action_detail": {"title": "Город"}}, "\\[edit group title: Город\\]"),
    ],
)  # fmt: skip
def test_everything_a_message_shows_is_written(members: dict[str, Any], rendering: str, message: Message) -> None:
    assert markdown(message(**members)) == rendering


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({"name": "Соседи_2", "channel_id": "2", "message_id": 5}, "Forwarded from [Соседи_2](<https://t.me/c/2/5>)"),
        ({"name": "Соседи"}, "Forwarded from Соседи"),
        ({}, "Forwarded from somebody who hides"),
    ],
)
def test_a_forward_begins_with_its_origin(origin: dict[str, Any], line: str, message: Message) -> None:
    assert markdown(message("Мост открыт", forwarded_from=origin)) == f"{line}\n\nМост открыт"


def test_a_message_is_bare_if_it_shows_nothing_but_its_text(message: Message) -> None:
    assert is_bare(message("Мост", media=[{"kind": "photo"}]))
    assert not is_bare(message("Мост", {"type": "bold", "offset": 0, "length": 4}))
    assert not is_bare(message("Мост", contact_name="Диспетчер"))


def test_a_preview_of_a_page_is_no_text(message: Message) -> None:
    assert markdown(message("Мост", link_preview={"url": "https://a.example", "title": "Не это"})) == "Мост"
