from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tg_parser.contracts.messages import ForwardOrigin, Media, TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.chats import Chat, chat_of, peer_id
from tg_parser.ingestor.adapters.desktop_json.message import message_of
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

Post = Callable[..., dict[str, Any]]
CHANNEL = Chat("1234567890", "Городские новости", "public_channel")
GROUP = Chat("77", "Беседа", "private_supergroup")
MISSING = "(File not included. Change data exporting settings to download.)"


def read(row: Any, chat: Chat = CHANNEL) -> TelegramMessage:
    return message_of(row, chat)


@pytest.mark.parametrize(
    ("kind", "number", "channel_id"),
    [
        ("public_channel", 1234567890, "1234567890"),
        ("private_channel", 5, "5"),
        ("public_supergroup", 9, "9"),
        ("private_supergroup", -1001234567890, "1234567890"),
        ("private_group", 123, "chat123"),
        ("private_group", -123, "chat123"),
        ("personal_chat", 42, "user42"),
        ("bot_chat", 42, "user42"),
        ("saved_messages", 42, "user42"),
    ],
)
def test_a_chats_type_decides_what_its_id_means(kind: str, number: int, channel_id: str) -> None:
    assert chat_of({"name": "x", "type": kind, "id": number}).channel_id == channel_id


def test_saved_messages_have_a_title_although_they_have_no_name() -> None:
    assert chat_of({"type": "saved_messages", "id": 42}).title == "Saved messages"


@pytest.mark.parametrize(
    "members", [{"type": "hologram", "id": 1}, {"type": "public_channel"}, {}, {"type": ["x"], "id": 1}]
)
def test_a_chat_that_cannot_be_named_is_unreadable(members: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="The chat"):
        chat_of(members)


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        ("user1", "user1"),
        ("channel1", "1"),
        ("chat1", "chat1"),
        ("group1", "chat1"),
        ("1", None),
        (None, None),
        (5, None),
    ],
)
def test_peers_are_named_in_our_form(value: Any, ours: str | None) -> None:
    assert peer_id(value) == ours


@pytest.mark.parametrize("written", ["1767225660", 1767225660])
def test_the_date_is_the_unix_time_and_not_the_local_one(post: Post, written: Any) -> None:
    message = read(post(date="2026-01-01T13:37:00", date_unixtime=written))
    assert message.date == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("broken", ["", "yesterday", "0", "-5", [], "9" * 30])
def test_a_broken_date_is_told(post: Post, broken: Any) -> None:
    with pytest.raises(Unreadable, match="which is no moment"):
        read(post(date_unixtime=broken))


def test_a_local_date_alone_cannot_be_placed_in_time(post: Post) -> None:
    with pytest.raises(Unreadable, match="local time of an unknown place"):
        read(post(date_unixtime=None))


def test_an_unsupported_row_without_a_date_is_told() -> None:
    with pytest.raises(Unreadable, match="no date"):
        read({"id": 5, "type": "unsupported"})


def test_an_unsupported_row_with_a_date_is_kept() -> None:
    assert read({"id": 5, "type": "unsupported", "date_unixtime": "1767225660"}).kind == "unsupported"


@pytest.mark.parametrize("row", [None, 5, "x", []])
def test_a_row_that_is_no_object_is_told(row: Any) -> None:
    with pytest.raises(Unreadable, match="not an object"):
        read(row)


@pytest.mark.parametrize("number", [None, "7", True, 1 << 60, 1.5])
def test_a_row_without_a_usable_id_is_told(post: Post, number: Any) -> None:
    with pytest.raises(Unreadable, match="It has no id"):
        read(post() | {"id": number})


def test_ids_of_a_basic_group_before_it_grew_are_negative_and_kept(post: Post) -> None:
    assert read(post(-999_999_990)).source_ref == "tg:1234567890:post:-999999990"


def test_an_unknown_type_is_told(post: Post) -> None:
    with pytest.raises(Unreadable, match="'telepathy', which is not known"):
        read(post(type="telepathy"))


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "text"),
        ({"photo": "photos/1.jpg"}, "photo"),
        ({"file": "a.pdf"}, "file"),
        ({"file": "a.webp", "media_type": "sticker"}, "sticker"),
        ({"file": "a.mp4", "media_type": "video_message"}, "round"),
        ({"file": "a.ogg", "media_type": "voice_message"}, "voice"),
        ({"file": "a.mp4", "media_type": "animation"}, "animation"),
        ({"file": "a.mp4", "media_type": "video_file"}, "video"),
        ({"file": "a.mp3", "media_type": "audio_file"}, "audio"),
        ({"file": "a.bin", "media_type": "smell_file"}, "file"),
        ({"location_information": {"latitude": 1, "longitude": 2}}, "location"),
        ({"contact_information": {"first_name": "А"}}, "contact"),
        ({"poll": {"question": "?"}}, "poll"),
        ({"game_title": "Chess"}, "other"),
    ],
)
def test_the_kind_follows_from_what_hangs_on_a_message(post: Post, members: dict[str, Any], kind: str) -> None:
    assert read(post(**members)).kind == kind


@pytest.mark.parametrize(
    ("members", "media"),
    [
        ({"game_title": "Шахматы"}, Media(kind="game", title="Шахматы")),
        ({"invoice_information": {"title": "Билет", "amount": 500}}, Media(kind="invoice", title="Билет")),
        ({"giveaway_information": {"quantity": 3}}, Media(kind="giveaway")),
        ({"todo_list": {"title": "Дела", "answers": []}}, Media(kind="todo", title="Дела")),
    ],
)
def test_what_is_neither_text_nor_file_is_told_by_its_name(post: Post, members: dict[str, Any], media: Media) -> None:
    assert read(post(**members)).media == (media,)


def test_a_files_metadata_is_kept(post: Post) -> None:
    row = post(
        file="files/song.mp3", file_name="song.mp3", file_size=1_000, media_type="audio_file", performer="Хор", title="Песня",
        mime_type="audio/mpeg", duration_seconds=61, width=10, height=20,
    )  # fmt: skip
    assert read(row).media == (
        Media(
            kind="audio", path="files/song.mp3", file_name="song.mp3", mime_type="audio/mpeg", size_bytes=1_000, width=10, height=20,
            duration_seconds=61, title="Песня", performer="Хор",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "placeholder",
    [
        MISSING,
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "(File unavailable, please try again later)",
        "(Photo not included. Change data exporting settings to download.)",
    ],
)
def test_a_placeholder_is_no_path(post: Post, placeholder: str) -> None:
    (media,) = read(post(photo=placeholder)).media
    assert (media.state, media.path) == ("not_exported", None)


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../secret", "photos/../../x", "C:\\x.jpg", "c:x.jpg", "a\\..\\b", "photos/\n", "x" * 2_000],
)
def test_a_path_that_leads_out_of_the_export_is_not_kept(post: Post, path: str) -> None:
    (media,) = read(post(photo=path)).media
    assert (media.state, media.path) == ("unavailable", None)


def test_a_poll_is_read_whether_its_question_is_styled_or_not(post: Post) -> None:
    answers = [
        {"text": ["Да", {"type": "bold", "text": "!"}], "voters": 3, "chosen": False},
        {"text": "Нет", "voters": 1},
    ]
    poll = read(post(poll={"question": ["Идём", "?"], "closed": True, "total_voters": 4, "answers": answers})).poll
    assert poll is not None
    assert (poll.question, poll.closed, poll.total_voters) == ("Идём?", True, 4)
    assert [(answer.text, answer.voters) for answer in poll.answers] == [("Да!", 3), ("Нет", 1)]


@pytest.mark.parametrize(
    ("members", "origin"),
    [
        ({"forwarded_from": "Другой канал"}, ForwardOrigin(name="Другой канал")),
        (
            {"forwarded_from": "Другой канал", "forwarded_from_id": "channel9"},
            ForwardOrigin(name="Другой канал", channel_id="9"),
        ),
        ({"forwarded_from": "Анна", "forwarded_from_id": "user9"}, ForwardOrigin(name="Анна")),
        ({"saved_from": "Канал"}, ForwardOrigin(name="Канал")),
        (
            {"forwarded_from": "Анна", "forwarded_date_unixtime": "1767225660"},
            ForwardOrigin(name="Анна", date=datetime.fromtimestamp(1767225660, UTC)),
        ),
        ({}, None),
    ],
)
def test_forwards_name_their_origin(post: Post, members: dict[str, Any], origin: ForwardOrigin | None) -> None:
    assert read(post(**members)).forwarded_from == origin


def test_a_forward_from_somebody_hidden_is_still_a_forward(post: Post) -> None:
    assert read(post() | {"forwarded_from": None}).forwarded_from == ForwardOrigin()


def test_a_reply_names_the_message_it_answers(post: Post) -> None:
    assert read(post(reply_to_message_id=3)).reply_to_message_id == 3
    assert read(post(reply_to_message_id=3, reply_to_peer_id="channel1234567890")).reply_to_message_id == 3


def test_a_reply_to_a_message_of_another_chat_names_the_chat(post: Post) -> None:
    message = read(post(reply_to_message_id=3, reply_to_peer_id="channel5"))
    assert (message.reply_to_message_id, message.reply_to_channel_id) == (3, "5")
    assert read(post(reply_to_message_id=3, reply_to_peer_id="channel1234567890")).reply_to_channel_id is None


def test_the_bot_and_the_sender_of_a_message_are_named(post: Post) -> None:
    message = read(post(via_bot="@gif", from_id="user7"), GROUP)
    assert (message.via_bot, message.sender_id) == ("gif", "user7")
    assert read(post()).sender_id == "1234567890"


def test_reactions_are_counted_and_nobody_named(post: Post) -> None:
    reactions = [
        {"type": "emoji", "emoji": "👍", "count": 3, "recent": [{"from": "Анна", "from_id": "user1"}]},
        {"type": "custom_emoji", "document_id": "55", "count": 2},
        {"type": "paid", "count": 1},
    ]
    message = read(post(reactions=reactions))
    assert message.reactions == {"👍": 3, "55": 2, "paid": 1}
    assert "Анна" not in message.model_dump_json()


def test_the_time_of_an_edit_is_kept(post: Post) -> None:
    assert read(post(edited_unixtime="1767225700")).edited_at == datetime.fromtimestamp(1767225700, UTC)
    assert read(post(edited_unixtime="0")).edited_at is None


def test_a_channels_post_has_an_author_only_if_it_is_signed(post: Post) -> None:
    assert read(post()).author is None
    assert read(post(author="Редактор")).author == "Редактор"


def test_a_message_in_a_group_is_its_senders(post: Post) -> None:
    assert read(post(**{"from": "Анна", "from_id": "user1"}), GROUP).author == "Анна"
    assert read(post() | {"from": None, "from_id": "user1"}, GROUP).author is None


def test_a_service_message_keeps_its_action() -> None:
    row = {
        "id": 2, "type": "service", "date": "2026-01-01T03:00:00", "date_unixtime": "1767225660", "actor": "Анна",
        "actor_id": "user1", "action": "invite_members", "members": ["Борис", None], "phone_number": "+7", "text": "",
        "text_entities": [],
    }  # fmt: skip
    message = read(row, GROUP)
    assert (message.kind, message.action, message.author) == ("service", "invite_members", "Анна")
    assert message.sender_id == "user1"
    assert message.action_detail == {"members": ["Борис", None]}


def test_a_service_message_without_details_has_none() -> None:
    assert read({"id": 2, "type": "service", "date_unixtime": "1767225660", "action": "x"}).action_detail is None


def test_reactions_and_the_time_of_an_edit_do_not_change_the_content(post: Post) -> None:
    plain, bumped = read(post()), read(post(edited_unixtime="1767225999", reactions=[{"emoji": "👍", "count": 9}]))
    assert plain.content_hash() == bumped.content_hash()
