from __future__ import annotations

import json
from typing import Any

import pytest

from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.v3_database.identities import Chat
from tg_parser.ingestor.adapters.v3_database.markdown import styled
from tg_parser.ingestor.adapters.v3_database.message import message_of, metrics_of

CHAT = Chat("1750000001", ("vel_river",), "vel_river")


def row(**columns: Any) -> dict[str, Any]:
    payload = {"message": "Мост открыт", "views": 12, "forwards": 0, "replies": None} | columns.pop("payload", {})
    return {
        "id": "7", "message_type": "post", "channel_id": "vel_river", "date": "2025-03-01T08:00:00Z", "text": "Мост открыт",
        "thread_id": "7", "parent_message_id": None, "raw_payload_json": json.dumps(payload),
    } | columns  # fmt: skip


@pytest.mark.parametrize("date", ["2025-03-01T08:00:00Z", "2025-03-01T08:00:00", "2025-03-01T11:00:00+03:00"])
def test_times_are_utc_with_or_without_their_mark(date: str) -> None:
    assert message_of(row(date=date), CHAT).date.isoformat() == "2025-03-01T08:00:00+00:00"


def test_a_post_is_named_by_the_number_of_its_channel_and_is_no_thread_of_its_own() -> None:
    message = message_of(row(), CHAT)
    assert message.source_ref == "tg:1750000001:post:7"
    assert (message.thread_id, message.root_ref, message.reply_to_message_id) == (None, None, None)


def test_a_comment_whose_group_is_unknown_keeps_its_post_and_says_so() -> None:
    comment = row(id="900", message_type="comment", thread_id="7", parent_message_id="7")
    message = message_of(comment, CHAT)
    assert message.source_ref == "tg:1750000001:comment:900"
    assert (message.root_ref, message.thread_id, message.group_unknown) == ("tg:1750000001:post:7", 7, True)
    assert message.reply_to_message_id is None
    assert message_of(comment | {"parent_message_id": "899"}, CHAT).reply_to_message_id == 899


def test_a_comment_whose_group_is_known_is_a_message_of_the_group() -> None:
    chat = Chat("1750000001", ("vel_river",), group_id="1750000009")
    message = message_of(row(id="900", message_type="comment", thread_id="7", parent_message_id="899"), chat)
    assert message.source_ref == "tg:1750000009:comment:900"
    assert (message.root_ref, message.thread_id, message.group_unknown) == ("tg:1750000001:post:7", None, None)


def test_the_words_are_those_of_the_payload_and_the_styles_those_of_the_markdown() -> None:
    given = row(text="🌊 **Мост** [открыт](https://a.example/b)", payload={"message": "🌊 Мост открыт"})
    message = message_of(given, CHAT)
    assert message.text == "🌊 Мост открыт"
    assert [(each.type, each.offset, each.length, each.url) for each in message.entities] == [
        ("bold", 3, 4, None),
        ("text_link", 8, 6, "https://a.example/b"),
    ]


@pytest.mark.parametrize(
    "markdown", ["**Мост открыт", "Мост `открыт", "Мост [открыт", "Мост закрыт", "__Мост__ ~~был~~ открыт"]
)
def test_markdown_that_does_not_come_to_the_words_styles_nothing(markdown: str) -> None:
    assert styled(markdown, "Мост открыт").entities == []


def test_stars_in_code_are_stars() -> None:
    found = styled("`a ** b` и ```c __ d```", "a ** b и c __ d")
    assert [(each["type"], each["offset"], each["length"]) for each in found.entities] == [
        ("code", 0, 6),
        ("pre", 9, 6),
    ]


def test_a_text_without_its_payload_is_taken_as_it_is() -> None:
    assert message_of(row(raw_payload_json='{"truncated": true}', text="**Мост**"), CHAT).text == "**Мост**"
    assert message_of(row(raw_payload_json=None), CHAT).text == "Мост открыт"


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ({"type": "MessageMediaPhoto", "has_photo": True}, "photo"),
        ({"type": "MessageMediaDocument", "has_document": True, "mime_type": "video/mp4", "size_bytes": 9}, "video"),
        ({"type": "MessageMediaDocument", "has_document": True, "mime_type": "audio/ogg"}, "voice"),
        ({"type": "MessageMediaDocument", "has_document": True, "mime_type": "application/pdf"}, "file"),
        ({"type": "MessageMediaWebPage"}, "text"),
        (None, "text"),
    ],
)
def test_what_hung_on_a_message_is_kept_by_its_sort(media: dict[str, Any] | None, kind: str) -> None:
    message = message_of(row(payload={"media": media}), CHAT)
    assert message.kind == kind
    assert [each.kind for each in message.media] == ([] if kind == "text" else [kind])


def test_albums_edits_and_signatures_are_kept() -> None:
    message = message_of(
        row(payload={"grouped_id": 13456789012345678, "edit_date": "2025-03-02T08:00:00+00:00", "post_author": "ред."}),
        CHAT,
    )
    assert (message.grouped_id, message.author) == ("13456789012345678", "ред.")
    assert message.edited_at is not None


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"id": "seven"}, "Its id is 'seven', which is no number."),
        ({"date": "yesterday"}, "Its date is 'yesterday', which is no moment."),
        ({"text": "x" * 70_000, "raw_payload_json": None}, "no message has more than 65,536"),
    ],
)
def test_a_row_that_is_no_message_says_why(columns: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        message_of(row(**columns), CHAT)


def test_counters_that_are_unknown_are_not_zero() -> None:
    metrics = metrics_of(row())
    assert metrics is not None
    assert (metrics.views, metrics.forwards, metrics.replies) == (12, 0, None)
    assert metrics_of(row(raw_payload_json=None)) is None
