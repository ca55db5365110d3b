"""Somebody else's markup may hold anything: it is read, or a sentence says why it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.preview.page import read_page
from tg_parser.ingestor.adapters.preview.post import Post
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable
from tg_parser.testkit.preview_server import FakeChannel, FakePost, album_post, landing, text_post, widget

CHANNEL = FakeChannel("city_news")
REACTIONS = '<div class="tgme_widget_message_reactions"><span class="tgme_reaction"><i class="emoji"><b>🔥</b></i>5K</span></div>'
POSTS = [
    text_post(1, '<b>a</b> <a href="https://example.com/?a=1">b</a> <tg-emoji emoji-id="5">🤝</tg-emoji>'),
    album_post([2, 3], "city_news", "Парад"),
    FakePost(4, '<a class="tgme_widget_message_location_wrap" href="https://maps.example/?q=1.5,2.5"></a>' + REACTIONS),
    FakePost(5, '<a class="tgme_widget_message_reply" href="https://t.me/city_news/1"></a>', service=True),
]
MARKUP = "<html><body><section class='tgme_channel_history'>" + "".join(widget(CHANNEL, post) for post in POSTS)
PLACES = [found.start() for found in re.finditer(r"[<>\"'/=]", MARKUP)]


def test_the_newest_post_comes_first() -> None:
    page = read_page(MARKUP, "city_news")
    assert page is not None
    assert [(post.first, post.last, len(post.messages)) for post in page.widgets] == [
        (5, 5, 1), (4, 4, 1), (2, 3, 2), (1, 1, 1),
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(PLACES),
            st.integers(0, 30),
            st.sampled_from(["", "<", '"', "\0", "&#xD800;", "9" * 40, "[", "%"]),
        ),
        max_size=6,
    )
)
def test_damaged_markup_is_read_or_refused_in_a_sentence(damages: list[tuple[int, int, str]]) -> None:
    markup = MARKUP
    for place, length, other in sorted(damages, reverse=True):
        markup = markup[:place] + other + markup[place + length :]
    assert all(isinstance(found, Post) or found.endswith(".") for found in _read(markup))


def _read(markup: str) -> list[Post | str]:
    try:
        page = read_page(markup, "city_news")
    except Unreadable as unreadable:
        return [f"{unreadable}."]
    return [each.found for post in page.widgets for each in post.messages] if page else []


def test_what_is_no_page_of_posts_is_none() -> None:
    assert read_page("", "city_news") is None
    assert read_page(landing(CHANNEL, "city_news"), "city_news") is None


def test_posts_nobody_can_read_are_the_pages_fault_and_not_the_posts() -> None:
    undated = MARKUP.replace("datetime=", "data-time=")
    with pytest.raises(Unreadable, match="none of its posts can be read: Its date is ''"):
        read_page(undated, "city_news")
