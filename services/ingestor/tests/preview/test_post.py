"""One post becomes one message: what it shows, what it says of itself, and what it does not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tg_parser.contracts.messages import Button, ForwardOrigin, LinkPreview, Media, Place, TextEntity
from tg_parser.ingestor.adapters.preview.post import Post, read_post, reparse
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable
from tg_parser.testkit.preview_server import FakeChannel, FakePost, text_post, widget

Read = Callable[..., Post]
VIDEO = (
    '<a class="tgme_widget_message_video_player js-message_video_player" href="https://t.me/city_news/7">'
    '<i class="tgme_widget_message_video_thumb"></i><div class="tgme_widget_message_video_wrap" style="width:624px">'
    '<video src="https://cdn.example/a.mp4?token=secret" class="tgme_widget_message_video"></video></div>'
    '<div class="message_video_play"></div><time class="message_video_duration">2:57</time>'
    '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
    '<div class="message_media_not_supported_label">This media is not supported in your browser</div>'
    '<span class="message_media_view_in_telegram">VIEW IN TELEGRAM</span></div></div></a>'
)
TOO_BIG = VIDEO.replace(
    '<video src="https://cdn.example/a.mp4?token=secret" class="tgme_widget_message_video"></video>', ""
)
ANIMATION = VIDEO.replace('<div class="message_video_play"></div><time class="message_video_duration">2:57</time>', "")
PHOTO = (
    '<a class="tgme_widget_message_photo_wrap 5312449137687510583 1236900952_456244791" href="https://t.me/city_news/7" '
    'style="width:718px;background-image:url(\'https://cdn.example/a.jpg\')"><div class="tgme_widget_message_photo"></div></a>'
)
ROUND = (
    '<a class="tgme_widget_message_roundvideo_player"><video class="tgme_widget_message_roundvideo" src="x"></video>'
    '<time class="tgme_widget_message_roundvideo_duration">0:15</time></a>'
)
VOICE = (
    '<a class="tgme_widget_message_voice_player"><audio class="tgme_widget_message_voice" src="x"></audio>'
    '<time class="tgme_widget_message_voice_duration">1:05</time></a>'
)
STICKER = (
    '<div class="tgme_widget_message_sticker_wrap media_supported_cont">'
    '<i class="tgme_widget_message_sticker" data-webp="https://cdn.example/s.webp"></i></div>'
)


def document(title: str, extra: str, icon: str = "") -> str:
    return (
        '<a class="tgme_widget_message_document_wrap" href="https://t.me/city_news/7">'
        f'<div class="tgme_widget_message_document_icon accent_bg {icon}"></div><div class="tgme_widget_message_document">'
        f'<div class="tgme_widget_message_document_title accent_color" dir="auto">{title}</div>'
        f'<div class="tgme_widget_message_document_extra" dir="auto">{extra}</div></div></a>'
    )


@pytest.mark.parametrize(
    ("body", "medium"),
    [
        (PHOTO, Media(kind="photo")),
        (PHOTO.replace("background-image", "x").replace("url(", "("), Media(kind="photo", state="unavailable")),
        (VIDEO, Media(kind="video", duration_seconds=177)),
        (TOO_BIG, Media(kind="video", duration_seconds=177, state="unavailable")),
        (ANIMATION, Media(kind="animation")),
        (ROUND, Media(kind="round", duration_seconds=15)),
        (VOICE, Media(kind="voice", duration_seconds=65)),
        (STICKER, Media(kind="sticker")),
        (document("Отчёт.pdf", "113.9 KB"), Media(kind="file", state="not_exported", file_name="Отчёт.pdf")),
        (
            document("Песня", "Группа", "audio"),
            Media(kind="audio", state="not_exported", title="Песня", performer="Группа"),
        ),
    ],
)
def test_media(read_body: Read, body: str, medium: Media) -> None:
    message = read_body(body).message
    assert (message.kind, message.media) == (medium.kind, (medium,))


def test_addresses_of_files_are_not_kept(read_body: Read) -> None:
    assert "token" not in read_body(VIDEO).message.model_dump_json()


def test_a_plain_post(read_body: Read) -> None:
    post = read_body('<div class="tgme_widget_message_text js-message_text"><b>Мэр</b> сказал</div>', views="757")
    message = post.message
    assert (message.source_ref, message.kind, message.text) == ("tg:1234567890:post:7", "text", "Мэр сказал")
    assert message.entities == (TextEntity(type="bold", offset=0, length=3),)
    assert message.date == datetime(2026, 1, 1, tzinfo=UTC)
    assert post.metrics is not None
    assert (post.metrics.views, post.metrics.exact) == (757, True)


def test_rounded_counters_say_so_and_reactions_have_their_names(read_body: Read) -> None:
    reactions = (
        '<div class="tgme_widget_message_reactions js-message_reactions">'
        '<span class="tgme_reaction tgme_reaction_paid"><i class="icon"></i>200</span>'
        '<span class="tgme_reaction"><i class="emoji"><b>❤‍🔥</b></i>3.03K</span>'
        '<span class="tgme_reaction"><tg-emoji emoji-id="5399847211989246390"></tg-emoji>57</span>'
        '<span class="tgme_reaction">без имени</span></div>'
    )
    post = read_body(reactions, views="")
    assert post.metrics is not None
    assert post.metrics.reactions == {"paid": 200, "❤‍🔥": 3_030, "5399847211989246390": 57}
    assert (post.metrics.views, post.metrics.exact) == (None, False)
    assert post.message.reactions == post.metrics.reactions


def test_counters_that_are_not_shown_are_unknown(read_body: Read) -> None:
    assert read_body("", views="").metrics is None


def test_the_text_of_an_answered_post_and_of_a_preview_is_not_its_own(read_body: Read) -> None:
    body = (
        '<a class="tgme_widget_message_reply" href="https://t.me/City_News/5" "><i class="tgme_widget_message_reply_thumb"></i>'
        '<div class="tgme_widget_message_author"><span class="tgme_widget_message_author_name">Кто-то</span></div>'
        '<div class="tgme_widget_message_text js-message_reply_text" dir="auto">Чужие слова</div></a>'
        '<div class="tgme_widget_message_text js-message_text" dir="auto">Свои слова</div>'
        '<a class="tgme_widget_message_link_preview" href="https://example.com/a?x=1&amp;amp;y=2" onclick="return 1">'
        '<div class="link_preview_site_name accent_color">Сайт</div><div class="link_preview_title">Заголовок</div>'
        '<div class="link_preview_description">Строка<br/>вторая</div></a>'
    )
    message = read_body(body).message
    assert (message.text, message.reply_to_message_id, message.quote) == ("Свои слова", 5, None)
    assert message.link_preview == LinkPreview(
        url="https://example.com/a?x=1&y=2", site_name="Сайт", title="Заголовок", description="Строка\nвторая"
    )


def test_an_answer_to_another_channel_is_no_answer_to_this_one(read_body: Read) -> None:
    assert (
        read_body('<a class="tgme_widget_message_reply" href="https://t.me/other/5"></a>').message.reply_to_message_id
        is None
    )


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        (
            '<a class="{n}" href="https://t.me/Orig/193"><span>Канал</span></a>',
            ForwardOrigin(name="Канал", message_id=193),
        ),
        ('<a class="{n}" href="https://t.me/person">Анна</a>', ForwardOrigin(name="Анна")),
        ('<span class="{n}">Кто-то скрытый</span>', ForwardOrigin(name="Кто-то скрытый")),
    ],
)
def test_forwarded_posts(read_body: Read, source: str, origin: ForwardOrigin) -> None:
    name = source.format(n="tgme_widget_message_forwarded_from_name")
    body = f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;{name}</div>{PHOTO}'
    assert read_body(body).message.forwarded_from == origin


def test_signature_bot_and_the_mark_of_an_edit(read_body: Read) -> None:
    body = (
        '<div class="tgme_widget_message_author"> via <a class="tgme_widget_message_via_bot" href="x">@like</a></div>'
    )
    post = read_body(body, meta='<span class="tgme_widget_message_from_author">Álvaro</span>, edited ')
    assert (post.message.author, post.message.via_bot, post.message.edited_at) == ("Álvaro", "like", None)


def test_a_poll_shows_shares_of_all_votes(read_body: Read) -> None:
    options = "".join(
        f'<div class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_percent">{share}%</div>'
        f'<div class="tgme_widget_message_poll_option_text">{text}</div></div>'
        for text, share in (("Да", 80), ("Нет", 20))
    )
    body = (
        '<div class="tgme_widget_message_poll js-poll"><div class="tgme_widget_message_poll_question">Строить?</div>'
        f'<div class="tgme_widget_message_poll_type">Final results</div>{options}</div>'
    )
    post = read_body(body, meta='<span class="tgme_widget_message_voters">1.5K voters</span>')
    assert (post.message.kind, post.message.text) == ("poll", "")
    poll = post.message.poll
    assert poll is not None
    assert (poll.question, poll.closed, poll.total_voters) == ("Строить?", True, 1_500)
    assert [(answer.text, answer.voters) for answer in poll.answers] == [("Да", 1_200), ("Нет", 300)]


def test_places_contacts_and_buttons(read_body: Read) -> None:
    place = (
        '<a class="tgme_widget_message_location_wrap" href="https://maps.google.com/maps?q=55.75,37.62&amp;ll=55.75,37.62&amp;z=16">'
        '<div class="tgme_widget_message_location_title">Кафе</div>'
        '<div class="tgme_widget_message_location_address">Арбат</div></a>'
    )
    message = read_body(place).message
    assert (message.kind, message.place) == (
        "location",
        Place(latitude=55.75, longitude=37.62, title="Кафе", address="Арбат"),
    )
    nowhere = read_body(
        '<a class="tgme_widget_message_location_wrap" href="https://maps.example/?q=155.75,37.62"></a>'
    ).message
    assert (nowhere.kind, nowhere.place) == ("location", None)

    contact = '<div class="tgme_widget_message_contact_name">Анна</div><div class="tgme_widget_message_contact_phone">+1 555</div>'
    shared = read_body(contact).message
    assert (shared.kind, shared.contact_name) == ("contact", "Анна")
    assert "555" not in shared.model_dump_json()

    keyboard = (
        '<div class="tgme_widget_message_inline_keyboard"><div class="tgme_widget_message_inline_row">'
        '<a class="tgme_widget_message_inline_button url_button" href="https://example.com/a?b=1&amp;amp;c=2" onclick="x">'
        '<span class="tgme_widget_message_inline_button_text"><i class="emoji"><b>🛎</b></i> Открыть</span></a>'
        '<span class="tgme_widget_message_inline_button"><span class="tgme_widget_message_inline_button_text">👍 4.8K</span>'
        "</span></div></div>"
    )
    assert read_body("", outside=keyboard).message.buttons == (
        Button(text="🛎 Открыть", url="https://example.com/a?b=1&c=2"),
        Button(text="👍 4.8K"),
    )


NOTICE = (
    '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
    '<div class="message_media_not_supported_label">Please open Telegram to view this post</div>'
    '<a class="message_media_view_in_telegram">VIEW IN TELEGRAM</a></div></div>'
)


def test_a_notice_that_a_post_is_not_shown_is_no_text(read_body: Read) -> None:
    hidden = read_body(NOTICE).message
    assert (hidden.kind, hidden.text, hidden.media) == ("unsupported", "", ())
    shown = '<div class="media_supported_cont"><div class="tgme_widget_message_text js-message_text">Слова</div></div>'
    partly = read_body(shown + NOTICE).message
    assert (partly.kind, partly.text) == ("text", "Слова")


@pytest.mark.parametrize(
    ("sentence", "action"),
    [
        ("Channel created", "create_channel"),
        ("Channel name was changed to «Городские новости»", "edit_group_title"),
        ("Channel photo updated", "edit_group_photo"),
        ("<a><span>Городские новости</span></a> pinned «<span>Важно</span>»", "pin_message"),
        ("Live stream finished (12 minutes)", "group_call"),
        ("The owner of this channel has been inactive", "unknown"),
        ("", "unknown"),
    ],
)
def test_service_messages_are_no_posts(read_body: Read, sentence: str, action: str) -> None:
    body = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{sentence}</div>'
    post = read_body(body, service=True)
    assert (post.message.kind, post.message.action, post.message.text) == ("service", action, "")
    assert post.metrics is None


def test_what_the_page_shows_of_nothing_known_is_still_a_message(read_body: Read) -> None:
    assert read_body('<div class="tgme_widget_message_game">Игра</div>').message.kind == "other"


def test_a_stored_original_is_parsed_again() -> None:
    channel = FakeChannel("city_news")
    original = widget(channel, text_post(7, "<b>Мэр</b>"))
    assert reparse(original, "1234567890") == read_post(original, "1234567890").message
    assert reparse(original, "1234567890").text == "Мэр"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (("data-post", "data-other"), "It has no number."),
        (("city_news/7", "city_news/seven"), "It has no number."),
        (("datetime=", "data-time="), "Its date is '', which is no moment."),
        (("2026-01-01T07:00:00+00:00", "tomorrow"), "Its date is 'tomorrow', which is no moment."),
        (("Post 7", "x" * 300_000), "Its markup has 300,"),
        (("tgme_widget_message ", "message "), "It has no number."),
    ],
)
def test_a_post_that_cannot_be_read_says_why(damage: tuple[str, str], sentence: str) -> None:
    original = widget(FakeChannel("city_news"), text_post(7)).replace(*damage)
    with pytest.raises(Unreadable) as unreadable:
        read_post(original, "1234567890")
    assert str(unreadable.value).startswith(sentence)


def test_counters_make_no_edit_and_words_do() -> None:
    channel = FakeChannel("city_news")

    def content(post: FakePost) -> str:
        return read_post(widget(channel, post), "1").message.content_hash()

    assert content(text_post(7, "Мэр", views="5")) == content(text_post(7, "Мэр", views="1.2K"))
    assert content(text_post(7, "Мэр")) != content(text_post(7, "Мэра"))
