from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from tg_parser.contracts.messages import Button, MessageMetrics, TelegramMessage, TextEntity
from tg_parser.ingestor.adapters.telethon.dumps import dumped
from tg_parser.ingestor.adapters.telethon.extras import metrics_of
from tg_parser.ingestor.adapters.telethon.message import reparse
from tg_parser.ingestor.adapters.telethon.people import MEMBER, everybody, mentioned
from tg_parser.ingestor.adapters.telethon.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen

CHANNEL = ChannelSeen("1001", "Новости", "public_channel")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
REAL = Path(__file__).parents[5] / "shared" / "data" / "telethon" / "uahelp_uk.json"


def dump(constructor: Any = types.Message, peers: Sequence[Any] = (), **members: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"id": 7, "peer_id": types.PeerChannel(1001), "date": NOON, "post": True}
    if constructor is types.Message:
        defaults["message"] = "Привет"
    original = dumped(constructor(**(defaults | members)))
    return json.loads(json.dumps(original | {MEMBER: mentioned(original, everybody(map(dumped, peers)))}))


def read(**members: Any) -> TelegramMessage:
    return reparse(dump(**members), CHANNEL)


def document(*attributes: Any, **members: Any) -> types.MessageMediaDocument:
    file = types.Document(
        id=5, access_hash=6, file_reference=b"\0", date=NOON, mime_type="video/mp4", size=99, dc_id=2,
        attributes=list(attributes),
    )  # fmt: skip
    return types.MessageMediaDocument(document=file, **members)


def test_a_post_keeps_its_words_its_moment_and_its_channel():
    message = read()
    assert (message.source_ref, message.text, message.date, message.kind) == ("tg:1001:post:7", "Привет", NOON, "text")
    assert (message.sender_id, message.author) == ("1001", None)


def test_styles_keep_their_places_in_utf_16_units():
    message = read(
        message="🔥🔥 link",
        entities=[
            types.MessageEntityBold(0, 4),
            types.MessageEntityTextUrl(5, 4, "https://a.example/"),
            types.MessageEntityCustomEmoji(0, 2, document_id=5368324170671202286),
            types.MessageEntityStrike(5, 400),
            types.MessageEntityUrl(50, 3),
            types.MessageEntityBlockquote(5, 1, collapsed=True),
            types.MessageEntityPre(5, 1, "python"),
        ],
    )
    assert message.entities == (
        TextEntity(type="bold", offset=0, length=4),
        TextEntity(type="text_link", offset=5, length=4, url="https://a.example/"),
        TextEntity(type="custom_emoji", offset=0, length=2, document_id="5368324170671202286"),
        TextEntity(type="strikethrough", offset=5, length=4),
        TextEntity(type="blockquote", offset=5, length=1, collapsed=True),
        TextEntity(type="pre", offset=5, length=1, language="python"),
    )


VIDEO = types.DocumentAttributeVideo(duration=3.5, w=640, h=480)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ([VIDEO], "video"),
        ([VIDEO, types.DocumentAttributeAnimated()], "animation"),
        ([types.DocumentAttributeVideo(duration=3, w=1, h=1, round_message=True)], "round"),
        ([types.DocumentAttributeAudio(duration=3, voice=True)], "voice"),
        ([types.DocumentAttributeAudio(duration=3, title="T", performer="P")], "audio"),
        ([types.DocumentAttributeSticker("👍", types.InputStickerSetEmpty()), VIDEO], "sticker"),
        ([types.DocumentAttributeFilename("a.pdf")], "file"),
    ],
)
def test_what_kind_of_file_it_is_is_said_by_its_attributes(attributes: list[Any], kind: str):
    message = read(media=document(*attributes))
    assert (message.kind, message.media[0].kind) == (kind, kind)


def test_a_video_tells_its_size_and_length():
    media = read(media=document(VIDEO, types.DocumentAttributeFilename("a.mp4"))).media[0]
    assert (media.width, media.height, media.duration_seconds, media.size_bytes) == (640, 480, 3, 99)
    assert (media.file_name, media.mime_type) == ("a.mp4", "video/mp4")


def test_an_expired_file_still_says_what_it_was():
    message = read(media=types.MessageMediaDocument(document=None, voice=True))
    assert (message.kind, message.media[0].state) == ("voice", "unavailable")


def test_a_picture_is_as_large_as_its_largest_size():
    sizes: list[Any] = [types.PhotoStrippedSize("i", b"1"), types.PhotoSize("m", 320, 200, 10),
             types.PhotoSizeProgressive("y", 1280, 800, [5, 50])]  # fmt: skip
    picture = types.Photo(id=1, access_hash=2, file_reference=b"", date=NOON, sizes=sizes, dc_id=1)
    media = read(media=types.MessageMediaPhoto(photo=picture)).media[0]
    assert (media.kind, media.width, media.height, media.size_bytes) == ("photo", 1280, 800, 50)


def test_an_album_is_known_by_its_exact_number_as_a_string():
    message = read(grouped_id=-(1 << 62))
    assert (message.grouped_id, message.grouped_inferred) == (str(-(1 << 62)), False)


def test_a_forwarded_post_names_its_origin_exactly():
    header = types.MessageFwdHeader(date=NOON, from_id=types.PeerChannel(2002), channel_post=55)
    origin = read(fwd_from=header, peers=[types.Channel(2002, "Источник", types.ChatPhotoEmpty(), NOON)])
    assert origin.forwarded_from is not None
    assert origin.forwarded_from.model_dump() == {
        "name": "Источник", "channel_id": "2002", "message_id": 55, "date": NOON,
    }  # fmt: skip


def test_somebody_who_hides_is_named_and_nothing_else():
    message = read(fwd_from=types.MessageFwdHeader(date=NOON, from_name="Кто-то"))
    assert message.forwarded_from is not None
    assert (message.forwarded_from.name, message.forwarded_from.channel_id) == ("Кто-то", None)


def test_a_person_in_a_group_is_the_author_and_a_channel_is_not():
    person = types.User(id=9, first_name="Анна", last_name="К", username="anna")
    message = read(post=False, from_id=types.PeerUser(9), peers=[person])
    assert (message.author, message.sender_id) == ("Анна К", "user9")
    assert read(post_author="Редактор").author == "Редактор"


def test_an_unnamed_administrator_speaks_as_the_group():
    message = read(post=False, from_id=None)
    assert (message.author, message.sender_id) == (None, "1001")


def test_the_bot_a_message_was_made_with_is_named():
    bot = types.User(id=8, first_name="B", usernames=[types.Username("gif", editable=True, active=True)])
    assert read(via_bot_id=8, peers=[bot]).via_bot == "gif"


def test_an_answer_with_a_quote_from_elsewhere():
    header = types.MessageReplyHeader(
        reply_to_msg_id=3, reply_to_peer_id=types.PeerChannel(2002), quote=True, quote_text="цитата"
    )
    message = read(reply_to=header)
    assert (message.reply_to_message_id, message.reply_to_channel_id, message.quote) == (3, "2002", "цитата")


def test_a_message_right_in_a_topic_answers_nobody():
    direct = read(reply_to=types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=40))
    answer = read(reply_to=types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=44, reply_to_top_id=40))
    assert (direct.thread_id, direct.reply_to_message_id) == (40, None)
    assert (answer.thread_id, answer.reply_to_message_id) == (40, 44)


def test_what_is_in_no_topic_of_a_forum_is_in_the_general_one():
    assert reparse(dump() | {"~forum": True}, CHANNEL).thread_id == 1
    assert reparse(dump(), CHANNEL).thread_id is None


def test_a_comment_belongs_to_its_post_and_keeps_the_identity_of_its_group():
    header = types.MessageReplyHeader(reply_to_msg_id=12)
    comment = reparse(dump(post=False, reply_to=header) | {"~root": "tg:500:post:3"}, CHANNEL)
    assert (comment.source_ref, comment.root_ref) == ("tg:1001:comment:7", "tg:500:post:3")
    assert (comment.thread_id, comment.reply_to_message_id) == (12, None)


def test_counters_are_metrics_and_never_content():
    reactions = types.MessageReactions(
        results=[
            types.ReactionCount(types.ReactionEmoji("👍"), 5),
            types.ReactionCount(types.ReactionCustomEmoji(77), 2),
            types.ReactionCount(types.ReactionPaid(), 1),
        ]
    )
    replies = types.MessageReplies(replies=4, replies_pts=1, comments=True)
    original = dump(views=100, forwards=0, replies=replies, reactions=reactions)
    assert metrics_of(original) == MessageMetrics(
        views=100, forwards=0, replies=4, reactions={"👍": 5, "77": 2, "paid": 1}
    )
    assert metrics_of(dump()) is None
    assert reparse(original, CHANNEL).content_hash() == read().content_hash()


def test_a_reaction_that_moves_the_date_of_the_last_edit_is_no_edit():
    assert read(edit_date=NOON).content_hash() == read().content_hash()
    assert read(edit_date=NOON).edited_at == NOON
    assert read(edit_date=NOON, edit_hide=True).edited_at is None


def test_a_poll_counts_votes_by_option_and_not_by_place():
    poll = types.Poll(
        id=1,
        question=types.TextWithEntities("Да?", []),
        answers=[
            types.PollAnswer(types.TextWithEntities(text, []), option) for text, option in (("Да", b"1"), ("Нет", b"0"))
        ],
        hash=0,
        closed=True,
    )
    results = types.PollResults(
        results=[types.PollAnswerVoters(b"0", voters=1), types.PollAnswerVoters(b"1", voters=6)], total_voters=7
    )
    found = read(media=types.MessageMediaPoll(poll=poll, results=results)).poll
    assert found is not None
    assert (found.question, found.closed, found.total_voters) == ("Да?", True, 7)
    assert [(answer.text, answer.voters) for answer in found.answers] == [("Да", 6), ("Нет", 1)]


def test_the_question_of_an_old_poll_is_a_plain_text():
    media = {
        "_": "MessageMediaPoll",
        "poll": {"_": "Poll", "question": "Да?", "answers": [{"text": "Да", "option": "MA=="}]},
    }
    found = reparse(dump() | {"media": media}, CHANNEL).poll
    assert found is not None
    assert (found.question, found.answers[0].text, found.answers[0].voters) == ("Да?", "Да", 0)


def test_a_place_that_moves_is_no_content():
    def at(latitude: float) -> TelegramMessage:
        return read(
            media=types.MessageMediaGeoLive(geo=types.GeoPoint(long=37.6, lat=latitude, access_hash=0), period=60)
        )

    assert at(1.0).content_hash() == at(2.0).content_hash()
    venue = types.MessageMediaVenue(types.GeoPoint(long=37.6, lat=55.7, access_hash=0), "Кафе", "Улица, 1", "", "", "")
    place = read(media=venue).place
    assert place is not None
    assert (place.latitude, place.title, place.address, place.live) == (55.7, "Кафе", "Улица, 1", False)


def test_of_a_contact_the_name_is_kept_and_the_number_is_not():
    media = types.MessageMediaContact("+70000000000", "Анна", "К", "TEL:+70000000000", 9)
    message = read(media=media)
    assert (message.kind, message.contact_name) == ("contact", "Анна К")
    assert "7000" not in message.model_dump_json()


def test_links_of_buttons_are_kept_in_both_shapes_of_the_schema():
    row = types.KeyboardInlineButtonRow(
        [types.KeyboardInlineButton("Купить", types.InlineButtonTypeUrl("https://shop.example/"))]
    )
    assert read(reply_markup=types.ReplyInlineMarkup([row])).buttons == (
        Button(text="Купить", url="https://shop.example/"),
    )
    old = {
        "_": "ReplyInlineMarkup",
        "rows": [{"buttons": [{"_": "KeyboardButtonUrl", "text": "К", "url": "https://a.example/"}]}],
    }
    assert reparse(dump() | {"reply_markup": old}, CHANNEL).buttons == (Button(text="К", url="https://a.example/"),)


def test_a_keyboard_of_a_bot_is_no_part_of_a_message():
    row = types.KeyboardButtonRow([types.KeyboardButton("Меню", types.ButtonTypeDefault())])
    assert read(reply_markup=types.ReplyKeyboardMarkup([row])).buttons == ()


def test_a_page_preview_stays_out_of_the_text():
    page = types.WebPage(
        id=1, url="https://a.example/", display_url="a", hash=0, title="Заголовок", description="Много слов"
    )
    message = read(media=types.MessageMediaWebPage(webpage=page))
    assert (message.kind, message.text) == ("text", "Привет")
    assert message.link_preview is not None
    assert (message.link_preview.url, message.link_preview.title) == ("https://a.example/", "Заголовок")
    assert read(media=types.MessageMediaWebPage(webpage=types.WebPageEmpty(id=1))).link_preview is None


def test_a_rich_message_keeps_its_blocks_under_the_names_of_the_schema():
    blocks: list[Any] = [
        types.PageBlockHeading1(types.TextPlain("Итоги")),
        types.PageBlockParagraph(types.TextConcat([types.TextBold(types.TextPlain("Да")), types.TextPlain("!")])),
    ]
    message = read(message="", rich_message=types.RichMessage(blocks=blocks, photos=[], documents=[]))
    assert message.rich[0] == {"_": "pageBlockHeading1", "text": {"_": "textPlain", "text": "Итоги"}}
    assert message.rich[1]["text"]["texts"][0] == {"_": "textBold", "text": {"_": "textPlain", "text": "Да"}}
    assert message.rich_truncated is None


def test_a_rich_message_of_which_only_a_part_came_says_so():
    part = types.RichMessage(blocks=[types.PageBlockDivider()], photos=[], documents=[], part=True)
    assert read(message="", rich_message=part).rich_truncated is True


def test_what_happened_to_a_chat_has_the_name_exports_give_it():
    created = read(constructor=types.MessageService, action=types.MessageActionChannelCreate("Новости"))
    assert (created.kind, created.action, created.action_detail) == ("service", "create_channel", {"title": "Новости"})
    pinned = read(
        constructor=types.MessageService,
        action=types.MessageActionPinMessage(),
        reply_to=types.MessageReplyHeader(reply_to_msg_id=3),
    )
    assert (pinned.action, pinned.action_detail) == ("pin_message", {"message_id": 3})


def test_every_action_of_the_schema_has_a_name():
    names = [name for name in vars(types) if name.startswith("MessageAction")]
    read_names = {
        reparse(dump(types.MessageService, action=None) | {"action": {"_": name}}, CHANNEL).action for name in names
    }
    assert len(names) > 60
    assert len(read_names) == len(names)
    assert all(name and name == name.lower() for name in read_names)


def test_media_nobody_knows_yet_is_other_and_keeps_the_caption():
    message = reparse(dump() | {"media": {"_": "MessageMediaHologram", "title": "Куб"}}, CHANNEL)
    assert (message.kind, message.text) == ("other", "Привет")
    assert (message.media[0].kind, message.media[0].title) == ("hologram", "Куб")
    assert read(media=types.MessageMediaUnsupported()).kind == "unsupported"


def test_what_may_not_be_forwarded_is_protected():
    assert read(noforwards=True).protected
    assert reparse(dump(), ChannelSeen("1001", "", "public_channel", protected=True)).protected
    assert not read().protected


@pytest.mark.parametrize(
    ("original", "reason"),
    [
        ([], "not an object"),
        ({"_": "Message"}, "no id"),
        ({"_": "Message", "id": 1}, "no date"),
        ({"_": "MessageEmpty", "id": 1, "date": "2026-01-01T00:00:00Z"}, "MessageEmpty"),
        ({"_": "Message", "id": 1, "date": "2026-01-01T00:00:00Z", "message": "a" * 70_000}, "longer"),
    ],
)
def test_what_is_no_message_says_why(original: Any, reason: str):
    with pytest.raises(Unreadable, match=reason):
        reparse(original, CHANNEL)


def test_a_dump_is_json_and_says_nothing_less():
    original = dumped(types.Message(id=1, peer_id=types.PeerChannel(5), date=NOON, message="", media=document(VIDEO)))
    assert json.loads(json.dumps(original)) == original
    assert original["date"] == "2026-01-02T12:00:00Z"
    assert original["media"]["document"]["file_reference"] == "AA=="


@pytest.mark.skipif(not REAL.exists(), reason="the dump of a real channel is not on this machine")
def test_every_message_of_a_real_dump_is_read():
    rows = json.loads(REAL.read_text("utf-8"))
    messages = [reparse(row, CHANNEL) for row in rows]
    assert {message.channel_id for message in messages} == {"1746611944"}
    assert sum(entity.type == "text_link" for message in messages for entity in message.entities) == 898
    assert [message.kind for message in messages].count("service") == 1
    assert [bool(message.edited_at) for message in messages] == [
        bool(row.get("edit_date")) and not row["edit_hide"] for row in rows
    ]
