"""Pages as t.me served them, with what a person reads on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.contracts.messages import TextEntity
from tg_parser.ingestor.adapters.preview.albums import originals
from tg_parser.ingestor.adapters.preview.markup import fragment
from tg_parser.ingestor.adapters.preview.page import PreviewPage, read_page
from tg_parser.ingestor.adapters.preview.post import Post, read_post, reparse

SAVED = Path(__file__).parents[5] / "shared" / "data" / "tme_preview" / "any2feed"
pytestmark = pytest.mark.skipif(not SAVED.is_dir(), reason="The saved pages of t.me are not on this machine.")


@pytest.fixture(scope="module")
def page() -> PreviewPage:
    found = read_page((SAVED / "full.html").read_text("utf-8"), "topwar_official")
    assert found is not None
    return found


def posts(page: PreviewPage) -> dict[int, Post]:
    shown = [each for widget in page.widgets for each in widget.messages]
    return {each.message_id: each.found for each in shown if isinstance(each.found, Post)}


def test_the_page_tells_its_channel_and_that_there_are_older_posts(page: PreviewPage) -> None:
    assert (page.name, page.title, page.channel_id, page.older) == (
        "topwar_official", "Военное обозрение", "1084368520", True,
    )  # fmt: skip


def test_every_message_is_read_albums_in_their_parts(page: PreviewPage) -> None:
    heads = [71008, 71007, 71006, 71000, 70999, 70998, 70997, 70996, 70995, 70992, 70990, 70989]
    assert [widget.first for widget in page.widgets] == heads
    assert sorted(posts(page)) == [70989, 70990, *range(70992, 71009)]
    albums = {number: post.message.grouped_id for number, post in posts(page).items() if post.message.grouped_id}
    assert albums == {
        **dict.fromkeys(range(70992, 70995), "inferred:70992"),
        **dict.fromkeys(range(71000, 71006), "inferred:71000"),
    }


def test_texts_links_and_counters_are_those_of_the_page(page: PreviewPage) -> None:
    forwarded = posts(page)[70996]
    assert forwarded.message.text.startswith("Информация о том, что подразделения")
    assert forwarded.message.text.endswith("\n\n@yaremshooter")
    assert forwarded.message.entities == (
        TextEntity(type="text_link", offset=80, length=24, url="https://t.me/infantmilitario/93419"),
        TextEntity(type="mention", offset=623, length=13),
    )
    assert forwarded.message.forwarded_from is not None
    assert (forwarded.message.forwarded_from.name, forwarded.message.forwarded_from.message_id) == (
        "Военкор Ярем",
        1066,
    )
    assert forwarded.message.link_preview is not None
    assert forwarded.message.link_preview.title == "Милитарист"
    assert forwarded.metrics is not None
    assert (forwarded.metrics.views, forwarded.metrics.exact) == (32_900, False)


def test_a_video_that_is_too_big_is_there_and_cannot_be_had(page: PreviewPage) -> None:
    video = posts(page)[71006].message
    assert (video.kind, video.media[0].state, video.media[0].duration_seconds) == ("video", "unavailable", 177)
    small = posts(page)[71008].message
    assert (small.media[0].state, small.media[0].duration_seconds) == ("available", 17)


def test_originals_of_the_page_give_the_same_messages(page: PreviewPage) -> None:
    for each in (each for widget in page.widgets for each in widget.messages):
        assert isinstance(each.found, Post)
        assert reparse(each.original, "1084368520") == each.found.message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("message_text", [(70991, "text")]),
        ("message_link_preview", [(22360, "text")]),
        ("message_link_preview_text_only", [(22368, "text")]),
        ("message_media_forwarded_from", [(22358, "photo")]),
        ("message_media_photo_and_video", [(46908, "video"), (46909, "photo"), (46910, "photo")]),
    ],
)
def test_single_posts(name: str, expected: list[tuple[int, str]]) -> None:
    node = fragment((SAVED / f"{name}.html").read_text("utf-8"), "tgme_widget_message")
    assert node is not None
    messages = [read_post(piece, "1").message for piece in originals(node)]
    assert [(message.message_id, message.kind) for message in messages] == expected
