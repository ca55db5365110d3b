from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages
from tg_parser.ingestor.domain import MessageSeen

Members = dict[str, Any]
Post = Callable[..., Members]
WriteExport = Callable[..., Path]


@pytest.fixture
def photo(post: Post) -> Post:
    """A photo of one second, without a caption."""

    def make(number: int, **members: Any) -> Members:
        return post(
            number, **({"photo": "a.jpg", "text": "", "text_entities": [], "date_unixtime": "1767225600"} | members)
        )

    return make


def groups(path: Path) -> list[str | None]:
    found = read_pages(path, SourceSpec(kind="td_json", location=str(path)), cursor=0, page_size=3)
    return [item.message.grouped_id for page in found for item in page.items if isinstance(item, MessageSeen)]


def test_photos_sent_together_are_an_album(write_export: WriteExport, post: Post, photo: Post) -> None:
    path = write_export(post(1), photo(2), photo(3, text="подпись"), photo(4), post(5))
    assert groups(path) == [None, "inferred:2", "inferred:2", "inferred:2", None]


def test_a_photo_alone_is_no_album(write_export: WriteExport, post: Post, photo: Post) -> None:
    assert groups(write_export(photo(1), post(2), photo(3))) == [None, None, None]


@pytest.mark.parametrize(
    "other",
    [
        {"date_unixtime": "1767225601"},
        {"from_id": "user9"},
        {"photo": None, "text": "просто текст"},
        {"photo": None, "file": "a.pdf"},
        {"photo": None, "file": "a.ogg", "media_type": "voice_message"},
        {"forwarded_from": "Другой канал"},
    ],
)
def test_what_was_not_sent_together_is_no_album(write_export: WriteExport, photo: Post, other: Members) -> None:
    assert groups(write_export(photo(1), photo(2, **other))) == [None, None]


def test_ids_with_a_gap_are_no_album(write_export: WriteExport, photo: Post) -> None:
    assert groups(write_export(photo(1), photo(3))) == [None, None]


def test_a_video_may_stand_among_photos(write_export: WriteExport, photo: Post) -> None:
    video = photo(2, photo=None, file="a.mp4", media_type="video_file")
    assert groups(write_export(photo(1), video)) == ["inferred:1"] * 2


def test_a_second_caption_begins_another_album(write_export: WriteExport, photo: Post) -> None:
    path = write_export(photo(1, text="раз"), photo(2), photo(3, text="два"), photo(4))
    assert groups(path) == ["inferred:1", "inferred:1", "inferred:3", "inferred:3"]


def test_an_album_has_ten_items_at_most(write_export: WriteExport, photo: Post) -> None:
    path = write_export(*(photo(number) for number in range(1, 13)))
    assert groups(path) == ["inferred:1"] * 10 + ["inferred:11"] * 2
