from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import RejectedInput, SourceSpec
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page
from tg_parser.ingestor.ports import SourceRefused

Members = dict[str, Any]
Post = Callable[..., Members]
WriteExport = Callable[..., Path]


def pages(path: Path, *, cursor: int = 0, size: int = 500, **asked: Any) -> list[Page]:
    spec = SourceSpec(kind="td_json", location=str(path), **asked)
    return list(read_pages(path, spec, cursor=cursor, page_size=size))


def messages(path: Path) -> list[MessageSeen]:
    return [item for page in pages(path) for item in page.items if isinstance(item, MessageSeen)]


def texts(path: Path) -> list[str]:
    return [seen.message.text for seen in messages(path)]


def rejected(path: Path) -> list[RejectedInput]:
    return [item for page in pages(path) for item in page.items if isinstance(item, RejectedInput)]


def test_a_single_chat_is_read(write_export: WriteExport, post: Post) -> None:
    (page,) = pages(write_export(post(1), post(2)))
    assert page.items[0] == ChannelSeen("1234567890", "Городские новости", "public_channel")
    assert [item.message.message_id for item in page.items[1:] if isinstance(item, MessageSeen)] == [1, 2]
    assert page.end is not None
    assert (page.cursor, page.end.channel_ids, page.end.truncated) == (2, ("1234567890",), None)


def test_a_whole_account_is_read_with_the_chats_that_were_left(tmp_path: Path, post: Post) -> None:
    def chat(number: int, kind: str) -> Members:
        return {"name": f"Чат {number}", "type": kind, "id": number, "messages": [post(1), post(2)]}

    account = {
        "about": "…",
        "personal_information": {"user_id": 1, "phone_number": "+7", "bio": {"messages": [1]}},
        "contacts": {"about": "…", "list": [{"first_name": "А", "messages": [{"id": 1}]}]},
        "chats": {"about": "…", "list": [chat(5, "private_group"), chat(6, "public_channel")]},
        "left_chats": {"about": "…", "list": [chat(7, "personal_chat")]},
    }
    path = tmp_path / "result.json"
    path.write_text(json.dumps(account))
    assert [seen.message.source_ref for seen in messages(path)] == [
        "tg:chat5:post:1", "tg:chat5:post:2", "tg:6:post:1", "tg:6:post:2", "tg:user7:post:1", "tg:user7:post:2",
    ]  # fmt: skip
    end = pages(path)[-1].end
    assert end is not None
    assert end.channel_ids == ("chat5", "6", "user7")


def test_a_reading_that_goes_on_introduces_the_chat_it_is_in_and_no_other(tmp_path: Path, post: Post) -> None:
    chats = [{"name": f"Чат {n}", "type": "public_channel", "id": n, "messages": [post(1), post(2)]} for n in (1, 2, 3)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": chats}}))
    items = [item for page in pages(path, cursor=3) for item in page.items]
    assert [item.channel_id for item in items if isinstance(item, ChannelSeen)] == ["2", "3"]


def test_a_chat_that_cannot_be_named_is_rejected_and_the_others_are_read(tmp_path: Path, post: Post) -> None:
    chats = [
        {"name": "Странный", "type": "hologram", "id": 1, "messages": [post(1), post(2)]},
        {"name": "Обычный", "type": "public_channel", "id": 2, "messages": [post(1)]},
    ]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"chats": {"list": chats}}))
    assert [seen.message.source_ref for seen in messages(path)] == ["tg:2:post:1"]
    assert [item.reason for item in rejected(path)] == [
        "The chat 'Странный' has the type 'hologram', which is not known; its messages were left out."
    ]


def test_a_chat_without_messages_is_read_to_its_end(write_export: WriteExport) -> None:
    (page,) = pages(write_export())
    assert [type(item) for item in page.items] == [ChannelSeen]
    assert page.end is not None
    assert page.end.channel_ids == ()


def test_a_bad_row_is_rejected_with_its_place_and_the_rest_is_read(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1), post(2, type="telepathy"), "no row", post(4))
    assert [seen.message.message_id for seen in messages(path)] == [1, 4]
    assert [(item.position, item.channel_id, item.message_id) for item in rejected(path)] == [
        (1, "1234567890", 2),
        (2, "1234567890", None),
    ]


def test_an_equal_message_of_the_same_id_is_ignored_and_a_different_one_rejected(
    write_export: WriteExport, post: Post
) -> None:
    path = write_export(
        post(5), post(7), post(6, text_entities=[], text="a"), post(7), post(6, text_entities=[], text="b")
    )
    assert [seen.message.message_id for seen in messages(path)] == [5, 7, 6]
    assert [(item.position, item.message_id, item.reason) for item in rejected(path)] == [
        (4, 6, "Another message of this chat has the same id; the first one was kept.")
    ]
    assert pages(path)[-1].cursor == 5


def test_a_message_too_large_for_the_wire_is_rejected(write_export: WriteExport, post: Post) -> None:
    answers = [{"text": "я" * 5_000, "voters": 1}] * 100
    path = write_export(post(1, poll={"question": "?", "answers": answers}), post(2))
    assert [seen.message.message_id for seen in messages(path)] == [2]
    assert re.fullmatch(r"It takes [\d,]+ bytes, more than can be passed on\.", rejected(path)[0].reason)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pages_and_cursors_do_not_change_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, post: Post, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("export") / "result.json"
    path.write_text(json.dumps({"chats": {"list": data.draw(chats_of(post))}}))
    whole = [item for page in pages(path) for item in page.items]
    size, stop = data.draw(st.integers(1, 7)), data.draw(st.integers(0, 40))
    first = [page for page in pages(path, size=size) if page.cursor <= stop * size][:stop]
    cursor = first[-1].cursor if first else 0
    rest = pages(path, cursor=cursor, size=data.draw(st.integers(1, 7)))
    again = [item for page in [*first, *rest] for item in page.items]
    assert distinct(again) == distinct(whole)
    assert [page for page in rest if page.end] == rest[-1:]
    assert all(before.cursor <= after.cursor for before, after in pairwise(rest))


def distinct(items: Sequence[object]) -> list[object]:
    """Without chats introduced again where a reading goes on."""
    return [item for at, item in enumerate(items) if not isinstance(item, ChannelSeen) or item not in items[:at]]


@st.composite
def chats_of(draw: st.DrawFn, post: Post) -> list[Members]:
    second = {"date_unixtime": "1767225600"}
    kinds = [
        {},
        {"photo": "a.jpg", "text_entities": []} | second,
        {"type": "odd"},
        {"file": "a", "text_entities": [], "text": ""} | second,
    ]
    chats: list[Members] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        rows = [post(draw(st.integers(1, 30)), **draw(st.sampled_from(kinds))) for _ in range(draw(st.integers(0, 14)))]
        chats.append({"name": f"Чат {number}", "type": "public_channel", "id": number, "messages": rows})
    return chats


def test_a_message_nested_without_end_stops_the_reading(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1), post(2, deep=1))
    path.write_text(path.read_text().replace('"deep": 1', '"deep": ' + "[" * 5_000 + "]" * 5_000))
    end = pages(path)[-1].end
    assert end is not None
    assert end.truncated is not None
    assert "nested without end" in end.truncated


@pytest.mark.parametrize("cut", [1, 7, 20, 100, 200])
def test_a_file_that_was_cut_off_gives_the_messages_before_the_cut(
    write_export: WriteExport, post: Post, cut: int
) -> None:
    path = write_export(post(1), post(2), post(3))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    found = [seen.message.message_id for seen in messages(path)]
    end = pages(path)[-1].end
    assert end is not None
    assert found == [1, 2, 3][: len(found)]
    assert len(found) >= 2
    assert end.truncated == f"{path} was cut off at byte {len(whole) - cut:,}, after {len(found)} whole messages."


def test_a_file_that_is_damaged_in_the_middle_says_where(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1), post(2), post(3))
    path.write_bytes(path.read_bytes().replace(b'"id": 3', b'"id": @@'))
    end = pages(path)[-1].end
    assert [seen.message.message_id for seen in messages(path)] == [1, 2]
    assert end is not None
    assert end.truncated is not None
    assert f"{path} is damaged near byte" in end.truncated
    assert "after 2 whole messages" in end.truncated


def test_raw_control_characters_in_strings_are_read(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1), post(2, text="a#b", text_entities=[]), post(3))
    path.write_bytes(path.read_bytes().replace(b"a#b", b"a\n\x0b\xffb"))
    assert texts(path) == ["Запись 1", "a\n\x0b\ufffdb", "Запись 3"]
    (page,) = pages(path)
    assert (page.cursor, len(page.items)) == (3, 4)  # what stood before the fault is not read twice


def test_every_known_quirk_in_one_file(write_export: WriteExport, post: Post) -> None:
    styled = [{"type": "custom_emoji", "text": "🔥", "document_id": "@@"}]
    path = write_export(post(1, text_entities=styled), post(2, text="x@@", text_entities=[]))
    data = path.read_bytes().replace(b'"@@"', b"stickers/fire.webm").replace(b"@@", b"\\x0B")
    path.write_bytes(b"\xef\xbb\xbf" + data)
    first, second = messages(path)
    assert first.message.entities[0].document_id == "stickers/fire.webm"
    assert second.message.text == "x\x0b"


def test_half_of_a_surrogate_pair_does_not_stop_the_reading(write_export: WriteExport, post: Post) -> None:
    path = write_export(post(1, text="a@@b", text_entities=[]))
    path.write_bytes(path.read_bytes().replace(b"@@", b"\\ud83d"))
    assert texts(path)[0].encode().startswith(b"a")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<!DOCTYPE html><html>", "is an HTML page. Read it as the kind td_html"),
        (b"PK\x03\x04zip", "is not JSON: "),
        (b'{"name": "x", ', "cannot be read as JSON: parse error: premature EOF near byte 14"),
        (b"[1, 2]", "is JSON, but no Telegram Desktop export: it holds no chat"),
        (b'{"a": 1}', "is JSON, but no Telegram Desktop export: it holds no chat"),
        (b"null", "is JSON, but no Telegram Desktop export: it holds no chat"),
        (b'{"messages": [{"role": "user"}]}', "is JSON, but no Telegram Desktop export. The chat 'None' has the type"),
        (b'{"messages": [], "type": "public_channel", "id": 1}', "is JSON, but no Telegram Desktop export"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(SourceRefused) as refused:
        pages(path)
    assert str(refused.value).startswith(f"{path} {sentence}")


def test_an_export_in_a_single_line_is_read_in_a_stream(tmp_path: Path, post: Post) -> None:
    path = tmp_path / "result.json"
    rows = [post(number, text="x" * 50_000, text_entities=[]) for number in range(400)]
    path.write_text(json.dumps({"name": "x", "type": "public_channel", "id": 1, "messages": rows}))
    assert len(messages(path)) == 400  # twenty megabytes, more than any single value may have


def test_a_value_without_end_is_not_collected(tmp_path: Path, post: Post) -> None:
    path = tmp_path / "result.json"
    head = json.dumps({"name": "x", "type": "public_channel", "id": 1, "messages": [post(1)]})[:-2]
    path.write_text(head + ', {"id": 2, "text": "' + "x" * (17 << 20) + '"}]}')
    end = pages(path)[-1].end
    assert end is not None
    assert end.truncated is not None
    assert "a single value is longer than 16 MiB" in end.truncated
