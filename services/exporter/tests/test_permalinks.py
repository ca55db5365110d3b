from __future__ import annotations

import pytest

from tg_parser.contracts.ids import SourceRef
from tg_parser.exporter.domain.permalinks import comment_permalink, permalink


@pytest.mark.parametrize(
    ("channel_id", "username", "address"),
    [
        ("1001", "daily", "https://t.me/daily/7"),
        ("1001", "@daily", "https://t.me/daily/7"),
        ("1001", None, "https://t.me/c/1001/7"),
        ("daily_news", None, "https://t.me/daily_news/7"),
        ("chat55", None, None),
        ("user55", "ann", None),
    ],
)
def test_a_post_is_addressed_by_username_then_by_channel_id(
    channel_id: str, username: str | None, address: str | None
) -> None:
    assert permalink(SourceRef(channel_id, "post", 7), username) == address


def test_a_comment_is_addressed_through_the_post_it_stands_under() -> None:
    comment = SourceRef("1001", "comment", 90)
    assert permalink(comment, "daily", thread_id=7) == "https://t.me/daily/7?comment=90"
    assert permalink(comment, None, thread_id=7) == "https://t.me/c/1001/7?comment=90"


def test_a_comment_whose_post_is_unknown_has_no_address() -> None:
    assert permalink(SourceRef("1001", "comment", 90), "daily") is None


def test_one_message_of_an_album_can_be_addressed_alone() -> None:
    assert permalink(SourceRef("1001", "post", 8), "daily", single=True) == "https://t.me/daily/8?single"


def test_a_comment_in_a_discussion_group_is_addressed_through_the_channels_post() -> None:
    comment, root = SourceRef("2002", "comment", 90), SourceRef("1001", "post", 7)
    assert comment_permalink(comment, root, "daily") == "https://t.me/daily/7?comment=90"
    assert comment_permalink(comment, root) == "https://t.me/c/1001/7?comment=90"
    assert comment_permalink(comment, SourceRef("chat5", "post", 7)) is None
