"""An album is one post on the page and several messages in the channel."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tg_parser.ingestor.adapters.preview.albums import originals
from tg_parser.ingestor.adapters.preview.post import read_post
from tg_parser.testkit.preview_server import FakeChannel, FakePost, album_post, widget

CHANNEL = FakeChannel("city_news")


def node_of(post: FakePost) -> LexborNode:
    node = LexborHTMLParser(widget(CHANNEL, post)).css_first(".tgme_widget_message")
    assert node is not None
    return node


def document(number: int, title: str, caption: str = "") -> str:
    text = f'<div class="tgme_widget_message_text js-message_text">{caption}</div>' if caption else ""
    return (
        f'<a class="tgme_widget_message_document_wrap" href="https://t.me/city_news/{number}?single">'
        f'<div class="tgme_widget_message_document_title">{title}</div></a>{text}'
    )


def test_each_photo_is_a_message_and_the_first_has_the_text() -> None:
    pieces = originals(node_of(album_post([5, 6, 8], "city_news", "<b>Парад</b>")))
    messages = [read_post(piece, "1234567890").message for piece in pieces]
    assert [message.message_id for message in messages] == [5, 6, 8]
    assert [message.text for message in messages] == ["Парад", "", ""]
    assert {(message.kind, len(message.media)) for message in messages} == {("photo", 1)}
    assert {(message.grouped_id, message.grouped_inferred) for message in messages} == {("inferred:5", True)}


def test_counters_belong_to_the_first_message_of_an_album() -> None:
    pieces = originals(node_of(album_post([5, 6], "city_news", "Парад")))
    metrics = [read_post(piece, "1234567890").metrics for piece in pieces]
    assert [told.views if told else None for told in metrics] == [1_200, None]


def test_nothing_of_a_message_stays_in_the_original_of_another() -> None:
    first, second = originals(node_of(album_post([5, 6], "city_news", "Секрет")))
    assert "5.jpg" in first
    assert "Секрет" in first
    assert "6.jpg" not in first
    assert "6.jpg" in second
    assert "5.jpg" not in second
    assert "Секрет" not in second


def test_files_sent_together_keep_their_own_captions() -> None:
    body = document(5, "a.pdf", "о первом") + document(6, "b.pdf") + document(7, "c.pdf", "<i>о третьем</i>")
    messages = [read_post(piece, "1").message for piece in originals(node_of(FakePost(5, body)))]
    assert [(m.message_id, m.media[0].file_name, m.text) for m in messages] == [
        (5, "a.pdf", "о первом"),
        (6, "b.pdf", ""),
        (7, "c.pdf", "о третьем"),
    ]
    assert messages[2].entities[0].type == "italic"


def test_one_file_is_no_album() -> None:
    (piece,) = originals(node_of(FakePost(5, document(5, "a.pdf", "о нём"))))
    message = read_post(piece, "1").message
    assert (message.message_id, message.text, message.grouped_id) == (5, "о нём", None)


def test_an_album_whose_items_tell_no_numbers_is_one_message_with_all_of_them() -> None:
    post = album_post([5, 6], "city_news", "Парад")
    body = post.body.replace("https://t.me/city_news/6?single", "https://t.me/city_news/")
    (piece,) = originals(node_of(FakePost(5, body)))
    message = read_post(piece, "1").message
    assert (message.message_id, len(message.media), message.text) == (5, 2, "Парад")


def test_the_pictures_of_an_answered_post_are_not_its_own() -> None:
    reply = f'<div class="tgme_widget_message_reply">{album_post([3, 4], "x", "").body}</div>'
    (piece,) = originals(node_of(FakePost(9, reply)))
    assert read_post(piece, "1").message.media == ()
