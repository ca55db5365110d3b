from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages, reparse
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page
from tg_parser.ingestor.originals import unpack

Members = dict[str, Any]
Post = Callable[..., Members]
WriteExport = Callable[..., Path]


def pages(path: Path, *, cursor: int = 0, size: int = 500, **asked: Any) -> list[Page]:
    spec = SourceSpec(kind="td_json", location=str(path), **asked)
    return list(read_pages(path, spec, cursor=cursor, page_size=size))


def messages(path: Path) -> list[MessageSeen]:
    return [item for page in pages(path) for item in page.items if isinstance(item, MessageSeen)]


def covered(path: Path, **asked: Any) -> list[tuple[str, int, int]]:
    found = [stretch for page in pages(path, **asked) for stretch in page.covered]
    assert not any(stretch.exhaustive for stretch in found)
    return [(stretch.channel_id, stretch.first, stretch.last) for stretch in found]


def test_an_export_covers_what_lies_between_its_first_message_and_its_last(
    write_export: WriteExport, post: Post
) -> None:
    path = write_export(post(-5), post(3), post(7), post(20))
    assert covered(path) == [("1234567890", 3, 20)]
    assert covered(path, size=1) == [("1234567890", 3, 3), ("1234567890", 4, 7), ("1234567890", 8, 20)]
    assert covered(path, size=2, cursor=2) == [("1234567890", 4, 20)]


def test_a_message_that_could_not_be_read_is_not_covered(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(3), post(7, type="odd"), post(20), "no row", post(30))
    assert covered(path) == [("1234567890", 3, 6), ("1234567890", 8, 20), ("1234567890", 30, 30)]


def test_of_groups_and_channels_an_account_may_hold_only_the_owners_messages(tmp_path: Path, post: Post) -> None:
    kinds = ("public_channel", "private_supergroup", "personal_chat")
    chats = [{"name": kind, "type": kind, "id": at, "messages": [post(1), post(5)]} for at, kind in enumerate(kinds, 1)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": chats}}))
    assert covered(path) == [("user3", 1, 5)]


def test_the_messages_of_a_stretch_of_time_are_read_and_no_others(write_export: WriteExport, post: Post) -> None:
    path = write_export(*(post(number) for number in range(1, 9)))
    moment = datetime.fromtimestamp(1_767_225_600, UTC)
    asked: Members = {"since": moment + timedelta(minutes=3), "until": moment + timedelta(minutes=6)}
    found = pages(path, **asked)
    assert ids(found) == [3, 4, 5]
    assert found[-1].cursor == 8
    assert covered(path, **asked) == [("1234567890", 3, 5)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_the_newest_messages_are_read_whatever_chat_they_are_in(tmp_path: Path, post: Post, limit: int) -> None:
    def chat(number: int, *rows: Members) -> Members:
        return {"name": "x", "type": "public_channel", "id": number, "messages": rows}

    second = {"date_unixtime": "1767225900"}
    chats = [chat(1, post(1), post(9)), chat(2, post(2), post(3, **second), post(4, **second))]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": chats}}))
    assert sorted(ids(pages(path, limit=limit))) == sorted([9, 4, 3, 2, 1][:limit])


def ids(found: Sequence[Page]) -> list[int]:
    return [item.message.message_id for page in found for item in page.items if isinstance(item, MessageSeen)]


def test_every_row_is_kept_as_it_was_and_can_be_read_again(write_export: WriteExport, post: Post) -> None:
    place = {"latitude": 55.7500001, "longitude": 1e400}
    path = write_export(
        post(1), post(2, type="odd"), post(3, location_information=place), post(3, location_information=place)
    )
    path.write_text(path.read_text().replace("Infinity", "1e400"))
    (page,) = pages(path)
    assert page.originals is not None
    kept = list(unpack(page.originals))
    assert [entry.ref for entry in kept] == ["tg:1234567890:post:1", None, "tg:1234567890:post:3"]
    assert kept[2].original["location_information"] == {"latitude": 55.7500001, "longitude": "1E+400"}
    channel = page.items[0]
    assert isinstance(channel, ChannelSeen)
    assert [reparse(entry.original, channel) for entry in kept if entry.ref] == [
        seen.message for seen in messages(path)
    ]
