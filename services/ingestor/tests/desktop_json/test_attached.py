from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tg_parser.contracts.messages import Button, Place, TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.chats import Chat
from tg_parser.ingestor.adapters.desktop_json.message import message_of

Post = Callable[..., dict[str, Any]]
CHANNEL = Chat("1234567890", "Городские новости", "public_channel")
GROUP = Chat("77", "Беседа", "private_supergroup")
MISSING = "(File not included. Change data exporting settings to download.)"


def read(row: Any, chat: Chat = CHANNEL) -> TelegramMessage:
    return message_of(row, chat)


def test_a_contacts_phone_number_is_left_out(post: Post) -> None:
    contact = {"first_name": "Анна", "last_name": "К.", "phone_number": "+70000000000"}
    message = read(post(contact_information=contact, contact_vcard="contacts/1.vcard"))
    assert (message.contact_name, message.media) == ("Анна К.", ())
    assert "7000" not in message.model_dump_json()


def test_a_place_keeps_its_name_and_coordinates(post: Post) -> None:
    row = post(location_information={"latitude": 55.75, "longitude": 37.61}, place_name="Парк", address="ул. Новая, 1")
    assert read(row).place == Place(latitude=55.75, longitude=37.61, title="Парк", address="ул. Новая, 1")


def test_a_place_that_moves_is_no_content(post: Post) -> None:
    def at(latitude: float) -> TelegramMessage:
        point = {"latitude": latitude, "longitude": 37.61}
        return read(post(location_information=point, live_location_period_seconds=900))

    assert at(1).place != at(2).place
    assert at(1).content_hash() == at(2).content_hash()


@pytest.mark.parametrize("point", [{}, {"latitude": 91, "longitude": 0}, {"latitude": "1", "longitude": True}])
def test_a_point_that_is_not_on_the_map_is_left_out(post: Post, point: dict[str, Any]) -> None:
    message = read(post(location_information=point))
    assert (message.kind, message.place) == ("location", None)


def test_buttons_keep_their_words_and_the_links_that_are_for_everybody(post: Post) -> None:
    rows = [
        [{"type": "url", "text": "Купить", "data": "https://shop.example/"}],
        [{"type": "callback", "text": "Да", "data": "secret"}, {"type": "url"}, "odd"],
        "odd",
    ]
    assert read(post(inline_bot_buttons=rows)).buttons == (
        Button(text="Купить", url="https://shop.example/"),
        Button(text="Да"),
    )
