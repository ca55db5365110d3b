"""What entries say of posts, compared with the sample's own rows and with what samples/README.md lists by message id."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any, Final

from parsed_markdown import as_parsed, differences

from tg_parser.contracts.messages import TextEntity

Row = dict[str, Any]
RUSSIAN, ENGLISH = 1750000001, 1750000002
ALBUMS: Final = {
    RUSSIAN: ((31, 33), (96, 99), (190, 192), (221, 224)),
    ENGLISH: ((76, 78), (182, 184)),
}
FORWARDS: Final = {RUSSIAN: (45, 66, 145, 162, 188, 212), ENGLISH: (9, 29, 83, 126, 164)}
POLLS: Final = {RUSSIAN: (72, 205), ENGLISH: (24,)}
PLACES: Final = {RUSSIAN: (225,), ENGLISH: (185,)}
REPLIES: Final = {RUSSIAN: (18, 19, 38, 59, 81, 141), ENGLISH: (14, 64, 121)}
STICKER: Final = (RUSSIAN, 179)
NAMES: Final = {RUSSIAN: "Приреченск сегодня", ENGLISH: "Prirechensk in English"}


def album_heads() -> dict[str, str]:
    """The head of each message that is in an album."""
    return {
        ref(chat, number): ref(chat, first)
        for chat, albums in ALBUMS.items()
        for first, last in albums
        for number in range(first, last + 1)
    }


def ref(chat: int, number: int) -> str:
    """The name of a message."""
    return f"tg:{chat}:post:{number}"


def assert_posts_agree_with_the_sample(entries: dict[str, Row], rows: list[Row]) -> None:
    """Every album, forward, poll, place and reply, and how each styled post looks."""
    posts = {entry["source"]["source_ref"]: entry for entry in entries.values() if "message_id" in entry["source"]}
    by_ref = {ref(row["chat"], row["id"]): row for row in rows}
    _assert_albums(posts, by_ref)
    for chat, numbers in FORWARDS.items():
        other = NAMES[ENGLISH if chat == RUSSIAN else RUSSIAN]
        for number in numbers:
            metadata = posts[ref(chat, number)]["metadata"]
            assert metadata["forwarded_from"] == {"name": other}
            assert metadata["markdown"].startswith(f"Forwarded from {other}\n\n")
            assert metadata["channel_title"] == NAMES[chat]
    for chat, numbers in POLLS.items():
        for number in numbers:
            _assert_poll(posts[ref(chat, number)], by_ref[ref(chat, number)]["poll"])
    for chat, numbers in PLACES.items():
        for number in numbers:
            row, entry = by_ref[ref(chat, number)], posts[ref(chat, number)]
            for words in (row["place_name"], row["address"], "58.2143, 42.8761"):
                assert words in entry["content"]
    for chat, numbers in REPLIES.items():
        for number in numbers:
            answered = by_ref[ref(chat, number)]["reply_to_message_id"]
            assert posts[ref(chat, number)]["metadata"]["reply_to"] == ref(chat, answered)
    assert ref(*STICKER) not in posts
    assert _assert_styles(posts, by_ref) > 100


def _assert_albums(posts: dict[str, Row], by_ref: dict[str, Row]) -> None:
    for chat, albums in ALBUMS.items():
        for first, last in albums:
            members = [ref(chat, number) for number in range(first, last + 1)]
            assert [member for member in members if member in posts] == members[:1]
            metadata = posts[members[0]]["metadata"]
            assert metadata["album"] == members
            assert [item["telegram_url"] for item in metadata["items"]] == [
                f"https://t.me/c/{chat}/{number}?single" for number in range(first, last + 1)
            ]
            assert metadata["telegram_url"] == f"https://t.me/c/{chat}/{first}"
            captions = [_text(by_ref[member]) for member in members if _text(by_ref[member])]
            assert len(captions) == 1
            assert captions[0].split()[0] in posts[members[0]]["content"]


def _assert_poll(entry: Row, poll: Row) -> None:
    words = "\n".join(["", *(f"- {answer['text']}" for answer in poll["answers"])])
    assert f"{poll['question']}\n{words}" in entry["content"]
    seen = "".join(each.gap + each.character for each in as_parsed(entry["metadata"]["markdown"]))
    for answer in poll["answers"]:
        share = round(100 * answer["voters"] / poll["total_voters"])
        assert f"\n{answer['text']} — {share} % ({answer['voters']})" in seen


def _assert_styles(posts: dict[str, Row], by_ref: dict[str, Row]) -> int:
    """How many posts were compared: those with styles, and with nothing above or below their text."""
    compared = 0
    for source_ref, entry in posts.items():
        row = by_ref[source_ref]
        styled = any(part["type"] != "plain" for part in row["text_entities"])
        if row.get("forwarded_from") or "file_name" in row or "poll" in row or "place_name" in row:
            continue
        assert ("markdown" in entry["metadata"]) == (styled or "inline_bot_buttons" in row), source_ref
        if styled:
            found = list(differences(_text(row), _entities(row), entry["metadata"]["markdown"]))
            assert not found, (source_ref, found[:3])
            compared += 1
    return compared


def _text(row: Row) -> str:
    return "".join(part["text"] for part in row["text_entities"])


def _entities(row: Row) -> list[TextEntity]:
    """Offsets in UTF-16, counted here: an export has none."""
    parts = row["text_entities"]
    ends = accumulate((len(part["text"].encode("utf-16-le")) // 2 for part in parts), initial=0)
    return [
        TextEntity(type=part["type"], offset=start, length=end - start, url=part.get("href"))
        for part, (start, end) in zip(parts, pairwise(ends), strict=True)
    ]
