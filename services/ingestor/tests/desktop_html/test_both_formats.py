from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.desktop_html.files import page_files
from tg_parser.ingestor.adapters.desktop_html.pages import read_pages as read_html
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages as read_json
from tg_parser.ingestor.domain import MessageSeen, Page

Row = dict[str, Any]
Post = Callable[..., Row]
WriteBoth = Callable[..., Path]

MISSING = "(File not included. Change data exporting settings to download.)"
BERLIN = ZoneInfo("Europe/Berlin")
SUMMER = 1_782_900_000  # 2026-07-01


def html_messages(folder: Path, channel_id: str = "1234567890") -> list[TelegramMessage]:
    spec = SourceSpec(kind="td_html", location=str(folder), channel_id=channel_id)
    return seen(list(read_html(page_files(str(folder), [folder]), spec, BERLIN, cursor=0, page_size=100)))


def json_messages(folder: Path) -> list[TelegramMessage]:
    spec = SourceSpec(kind="td_json", location=str(folder))
    return seen(list(read_json(folder / "result.json", spec, cursor=0, page_size=100)))


def seen(pages: list[Page]) -> list[TelegramMessage]:
    return [item.message for page in pages for item in page.items if isinstance(item, MessageSeen)]


def known_to_html(message: TelegramMessage) -> Row:
    """What a page shows of a message, and nothing else."""
    members = message.model_dump(
        exclude={
            "edited_at",
            "sender_id",
            "reply_to_channel_id",
            "action_detail",
            "forwarded_from",
            "entities",
            "media",
            "date",
        },
        exclude_defaults=True,
    )
    if message.reply_to_channel_id:
        members.pop("reply_to_message_id")
    if message.kind != "service":
        members["date"] = message.date
    members["entities"] = [
        entity.model_dump(exclude={"user_id", "language"}) for entity in message.entities if entity.type != "bank_card"
    ]
    shown = {"size_bytes", "mime_type", "width", "height"}
    unseen = {"sticker": {"title"}, "audio": {"file_name"}, "animation": {"duration_seconds"}}
    members["media"] = [media.model_dump(exclude=shown | unseen.get(media.kind, set())) for media in message.media]
    members["forwarded"] = message.forwarded_from.name if message.forwarded_from else "no"
    return members


def assert_alike(folder: Path) -> None:
    html, json = html_messages(folder), json_messages(folder)
    assert [known_to_html(message) for message in html] == [known_to_html(message) for message in json]


def styled(*parts: tuple[str, str], **members: str) -> Row:
    return {"text_entities": [{"type": kind, "text": text, **members} for kind, text in parts], "text": ""}


def service(row: Row, action: str, **members: Any) -> Row:
    del row["from"], row["from_id"]
    return row | {"type": "service", "action": action, "text": "", "text_entities": []} | members


def test_every_kind_of_message_is_the_same_in_both_formats(write_both: WriteBoth, post: Post) -> None:
    answers = [{"text": "Да", "voters": 3}, {"text": "Нет", "voters": 0}, {"text": "- 5 votes", "voters": 1}]
    button = [
        [
            {"type": "url", "text": "Купить", "data": "https://shop.example/?a=1&b=2"},
            {"type": "callback", "text": "?", "data": "x"},
        ]
    ]
    emoji = [{"type": "custom_emoji", "text": "🔥", "document_id": "stickers/AnimatedSticker.tgs"}]
    nothing = {"text": "", "text_entities": []}
    photo = {
        "photo": "photos/photo_1@01-07-2026_12-00-00.jpg",
        "width": 1280,
        "height": 720,
        "photo_file_size": 5,
    } | nothing
    reactions = [
        {"type": "emoji", "emoji": "👍", "count": 30, "recent": [{"from": "А", "from_id": "user1"}]},
        {"type": "emoji", "emoji": "❤", "count": 1, "recent": [{"from": "А", "from_id": "user1"}]},
        {"type": "custom_emoji", "document_id": "stickers/s.webm", "count": 2},
        {"type": "paid", "count": 7},
    ]
    contact = {"first_name": "Анна", "last_name": "К.", "phone_number": "+7 000"}
    place = {"location_information": {"latitude": 55.75, "longitude": -37.61}}
    rows = [
        service(post(1), "create_channel", title="Городские новости", actor="Городские новости"),
        post(2, **styled(("plain", " a <b>\n\nc & "), ("bold", "жирно\n"), ("italic", "i"), ("pre", "x\n\n  y"), ("code", "c"))),
        post(3, **styled(("hashtag", "#тег"), ("cashtag", "$USD"), ("bot_command", "/start"), ("mention", "@name"))),
        post(4, **styled(("spoiler", "тайна 🤫"), ("underline", "u"), ("strikethrough", "s"), ("blockquote", "q\nq"))),
        post(28, **styled(("email", "a@b.example"), ("phone", "+70000000000"), ("link", "https://x.example/?a=1&b=2"))),
        post(29, **styled(("bank_card", "4000"), ("plain", "a "), ("bold", " b"))),
        post(5, **styled(("text_link", "тут"), href="https://x.example/?a=1&b=2#c")),
        post(6, text="🔥", text_entities=[*emoji, {"type": "plain", "text": "\x0b'\""}]),
        post(7, **photo, reactions=reactions),
        post(8, **(photo | {"photo": MISSING})),
        post(9, file="video_files/v.mp4", media_type="video_file", duration_seconds=75, **nothing),
        post(10, file=MISSING, media_type="video_file", duration_seconds=3675, **nothing),
        post(11, file="v.ogg", media_type="voice_message", duration_seconds=9, **nothing),
        post(12, file="m.mp3", media_type="audio_file", performer="Хор", title="Песня – 2", duration_seconds=200, **nothing),
        post(13, file="f.pdf", file_name="Отчёт.pdf", **nothing),
        post(14, file="s.webp", media_type="sticker", sticker_emoji="😀", **nothing),
        post(15, file="a.mp4", media_type="animation", **nothing),
        post(16, file="r.mp4", media_type="video_message", duration_seconds=5, **nothing),
        post(17, poll={"question": "Идём?", "closed": True, "total_voters": 4, "answers": answers}, **nothing),
        post(18, **place, **nothing),
        post(19, **place, live_location_period_seconds=900, **nothing),
        post(20, **place, place_name="Парк", address="ул. Новая, 1", **nothing),
        post(21, contact_information=contact, **nothing),
        post(22, forwarded_from="Другой канал", author="Редактор", inline_bot_buttons=button),
        post(23) | {"forwarded_from": None},
        post(24, reply_to_message_id=3, via_bot="@gif"),
        post(25, reply_to_message_id=3, reply_to_peer_id="channel5"),
        service(post(26), "pin_message", message_id=3, actor="Городские новости"),
        post(27, file="../../etc/passwd", file_name="x", **nothing),
    ]  # fmt: skip
    assert_alike(write_both(*rows))


def test_messages_of_several_people_over_several_pages(write_both: WriteBoth, post: Post) -> None:
    def said(number: int, name: str | None, sender: str, **members: Any) -> Row:
        return post(number, **{"from_id": sender, **members}) | {"from": name}

    rows = [
        said(1, "Анна К.", "user1"),
        said(2, "Анна К.", "user1"),
        said(3, "Борис", "user2", reply_to_message_id=1),
        said(4, None, "user3"),
        said(5, "Анна К.", "user1", forwarded_from="Канал", forwarded_from_id="channel5", date_unixtime="1767225900"),
        said(6, "Анна К.", "user1", forwarded_from="Канал", forwarded_from_id="channel5", date_unixtime="1767225900"),
        said(7, "Анна К.", "user1", date_unixtime="1767225901"),
        service(post(8), "invite_members", actor="Анна К.", actor_id="user1", members=["Борис"]),
        said(9, "Борис", "user2", reply_to_message_id=3, via_bot="@gif"),
    ]  # fmt: skip
    folder = write_both(*rows, page=2, type="private_supergroup", name="Беседа")
    assert_alike(folder)
    assert [message.author for message in html_messages(folder)[:4]] == ["Анна К.", "Анна К.", "Борис", None]
    assert (folder / "messages5.html").exists()


def test_photos_sent_together_are_an_album_in_both_formats(write_both: WriteBoth, post: Post) -> None:
    photo = {
        "photo": "photos/1.jpg",
        "width": 10,
        "height": 10,
        "text_entities": [],
        "text": "",
        "date_unixtime": "1767225600",
    }
    folder = write_both(*(post(number, **photo) for number in (1, 2, 3)))
    assert_alike(folder)
    assert [(one.grouped_id, one.grouped_inferred) for one in html_messages(folder)] == [("inferred:1", True)] * 3


def test_in_summer_the_offset_beside_a_time_is_that_of_winter(write_both: WriteBoth, post: Post) -> None:
    folder = write_both(post(1, date_unixtime=str(SUMMER)))
    assert "UTC+01:00" in (folder / "messages.html").read_text("utf-8")
    assert_alike(folder)


PLAIN = st.text(st.sampled_from("аbЯ 🔥é\u0301<&\"'\n\t_*"), min_size=1, max_size=12).map(lambda text: f"_{text}_")
PART = st.tuples(
    st.sampled_from(["plain", "bold", "italic", "code", "pre", "spoiler", "underline", "strikethrough", "blockquote", "hashtag"]), PLAIN
)  # fmt: skip
ATTACHED = st.sampled_from(
    [
        {},
        {"photo": "photos/1.jpg", "width": 10, "height": 10},
        {"photo": MISSING, "width": 10, "height": 10},
        {"file": "a.pdf", "file_name": "a.pdf"},
        {"forwarded_from": "Канал"},
        {"forwarded_from": "Другой  канал", "photo": "photos/2.jpg", "width": 10, "height": 10},
        {"reactions": [{"type": "emoji", "emoji": "👍", "count": 2}]},
        {"reply_to_message_id": 1},
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_written_is_the_same_in_both_formats(
    write_both: WriteBoth, post: Post, data: st.DataObject
) -> None:
    moment, rows = 1_767_225_600, []
    for number in range(1, data.draw(st.integers(1, 14)) + 1):
        moment += data.draw(st.sampled_from([0, 0, 1, 60, 1000, 86_400]))
        name = data.draw(st.sampled_from(["Анна", "Борис"]))
        words = styled(*data.draw(st.lists(PART, max_size=4)))
        sender = {"from": name, "from_id": f"user{name}", "date_unixtime": str(moment)}
        rows.append(post(number, **(words | data.draw(ATTACHED) | sender)))
    folder = write_both(*rows, page=data.draw(st.integers(1, 5)), folder=f"chat{len(rows)}", type="private_supergroup")
    for stale in folder.glob("messages*.html"):
        if int(stale.stem.removeprefix("messages") or 1) > len(list(folder.glob("messages*.html"))):
            stale.unlink()
    assert_alike(folder)
