from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import RejectedInput, SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.desktop_html.files import page_files
from tg_parser.ingestor.adapters.desktop_html.pages import read_pages, reparse
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page
from tg_parser.ingestor.originals import unpack
from tg_parser.ingestor.ports import SourceRefused

Row = dict[str, Any]
Post = Callable[..., Row]
WriteBoth = Callable[..., Path]

BERLIN = ZoneInfo("Europe/Berlin")


def pages(
    path: Path,
    *,
    zone: ZoneInfo | None = BERLIN,
    cursor: int = 0,
    size: int = 100,
    root: Path | None = None,
    **asked: Any,
) -> list[Page]:
    asked = {"channel_id": "1234567890"} | asked
    spec = SourceSpec(kind="td_html", location=str(path), **asked)
    return list(read_pages(page_files(str(path), [root or path]), spec, zone, cursor=cursor, page_size=size))


def messages(path: Path, **options: Any) -> list[TelegramMessage]:
    return [item.message for page in pages(path, **options) for item in page.items if isinstance(item, MessageSeen)]


def ids(path: Path, **options: Any) -> list[int]:
    return [message.message_id for message in messages(path, **options)]


def rejected(path: Path) -> list[RejectedInput]:
    return [item for page in pages(path) for item in page.items if isinstance(item, RejectedInput)]


def covered(path: Path, **options: Any) -> list[tuple[int, int]]:
    return [(stretch.first, stretch.last) for page in pages(path, **options) for stretch in page.covered]


def truncated(path: Path) -> str | None:
    end = pages(path)[-1].end
    assert end is not None
    return end.truncated


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def folder(write_both: WriteBoth, post: Post) -> Path:
    """Seven messages on three pages."""
    return write_both(*(post(number) for number in range(1, 8)), page=3)


def test_an_export_is_read_from_its_first_page_to_its_last(folder: Path) -> None:
    found = pages(folder)
    assert found[0].items[0] == ChannelSeen("1234567890", "Городские новости", "")
    assert ids(folder) == [1, 2, 3, 4, 5, 6, 7]
    assert covered(folder) == [(1, 7)]
    assert truncated(folder) is None
    assert found[-1].cursor == 7


@pytest.mark.parametrize("name", ["messages.html", "index.html", "Городские новости.html"])
def test_the_first_page_may_have_another_name(folder: Path, name: str) -> None:
    (folder / "messages.html").rename(folder / name)
    assert ids(folder / name, root=folder) == [1, 2, 3, 4, 5, 6, 7]
    if name != "Городские новости.html":
        assert ids(folder) == [1, 2, 3, 4, 5, 6, 7]


def test_a_later_page_is_read_from_there(folder: Path) -> None:
    assert ids(folder / "messages2.html", root=folder) == [4, 5, 6, 7]


def test_a_page_that_is_missing_is_told_and_its_messages_are_not_covered(folder: Path) -> None:
    (folder / "messages2.html").unlink()
    assert ids(folder) == [1, 2, 3, 7]
    assert truncated(folder) == "messages2.html of the export is missing."
    assert covered(folder) == [(1, 3), (7, 7)]


def test_a_last_page_that_is_missing_is_told(folder: Path) -> None:
    (folder / "messages3.html").unlink()
    assert truncated(folder) == "messages3.html of the export is missing."


def test_a_page_that_was_cut_off_gives_its_whole_messages(folder: Path) -> None:
    path = folder / "messages2.html"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"message6") + 190])
    assert ids(folder) == [1, 2, 3, 4, 5, 7]
    assert truncated(folder) == f"{path} was cut off at byte {path.stat().st_size:,}."
    assert covered(folder) == [(1, 5), (7, 7)]


def test_markup_broken_in_one_message_does_not_reach_the_next(folder: Path) -> None:
    edit(folder / "messages.html", "Запись 2\n", "Запись <b>2</i></div></div></span <a href='\n")
    found = messages(folder)
    assert [message.message_id for message in found] == [1, 2, 3, 4, 5, 6, 7]
    assert found[2].text == "Запись 3"


def test_a_message_without_a_date_is_rejected_with_its_place(folder: Path) -> None:
    edit(folder / "messages.html", "01:02:00", "01:99:00")
    assert ids(folder) == [1, 3, 4, 5, 6, 7]
    (one,) = rejected(folder)
    assert (one.position, one.message_id, one.reason) == (1, 2, "It has no date.")
    assert covered(folder) == [(1, 1), (3, 7)]


def test_who_wrote_a_message_joined_to_an_unreadable_one_is_not_guessed(write_both: WriteBoth, post: Post) -> None:
    people = {"from": "Анна", "from_id": "user1"}
    folder = write_both(*(post(number, **people) for number in (1, 2, 3)))
    edit(folder / "messages.html", "01:02:00", "01:99:00")
    assert [message.author for message in messages(folder)] == ["Анна", None]


def test_a_message_longer_than_any_is_rejected_and_the_next_is_read(write_both: WriteBoth, post: Post) -> None:
    long = [{"type": "plain", "text": "я" * 6_000_000}]
    folder = write_both(post(1), post(2, text_entities=long), post(3))
    assert ids(folder) == [1, 3]
    assert rejected(folder)[0].message_id == 2


@pytest.mark.parametrize(
    ("written", "state", "path"),
    [
        ("photos/1.jpg", "available", "photos/1.jpg"),
        ("../../photos/1.jpg", "available", "photos/1.jpg"),
        ("../../../etc/passwd", "unavailable", None),
        ("/etc/passwd", "unavailable", None),
        ("photos/../../x", "unavailable", None),
        ("%2e%2e/%2e%2e/x", "unavailable", None),
        ("C:\\x.jpg", "unavailable", None),
        ("file:///etc/passwd", "unavailable", None),
        ("javascript:alert(1)", "unavailable", None),
    ],
)
def test_a_path_that_leads_out_of_the_export_is_not_kept(
    write_both: WriteBoth, post: Post, written: str, state: str, path: str | None
) -> None:
    folder = write_both(post(1, photo="@@", width=1, height=1))
    edit(folder / "messages.html", 'href="@@"', f'href="{written}"')
    edit(folder / "messages.html", "css/style.css", "../../css/style.css")  # a chat of an account's export
    (media,) = messages(folder)[0].media
    assert (media.state, media.path) == (state, path)


def test_a_page_that_leads_out_of_the_open_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "messages2.html").rename(tmp_path / "elsewhere.html")
    (folder / "messages2.html").symlink_to(tmp_path / "elsewhere.html")
    with pytest.raises(SourceRefused, match="does not lie in a folder that is open for imports"):
        pages(folder)


def test_which_chat_it_is_has_to_be_told(folder: Path) -> None:
    with pytest.raises(SourceRefused, match="does not say which chat it is of"):
        pages(folder, channel_id=None)
    with pytest.raises(SourceRefused, match="'@news' is no id of a chat"):
        pages(folder, channel_id="@news")
    assert messages(folder, channel_id="-1001234567890")[0].channel_id == "1234567890"
    assert messages(folder, channel_id="chat5")[0].channel_id == "chat5"


def test_in_a_personal_chat_the_name_of_the_chat_is_a_person(write_both: WriteBoth, post: Post) -> None:
    folder = write_both(post(1, **{"from": "Анна"}), name="Анна")
    assert messages(folder)[0].author is None
    assert messages(folder, channel_id="user5")[0].author == "Анна"


def test_a_whole_account_is_refused_with_what_to_name_instead(tmp_path: Path) -> None:
    (tmp_path / "export_results.html").write_text("<html></html>")
    with pytest.raises(SourceRefused, match="export of a whole account"):
        pages(tmp_path)


def test_a_chat_of_an_accounts_export_may_not_be_whole(write_both: WriteBoth, post: Post) -> None:
    assert covered(write_both(post(1), post(2), folder="chats/chat_001")) == []


@pytest.mark.parametrize("content", ["<html><body>Привет</body></html>", "{}", "PK\x03\x04", "<div>" * 5_000])
def test_what_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "messages.html").write_text(content)
    with pytest.raises(SourceRefused, match="is no page of a Telegram Desktop export"):
        pages(tmp_path)


def test_a_chat_without_messages_is_read_to_its_end(write_both: WriteBoth) -> None:
    (page,) = pages(write_both())
    assert [type(item) for item in page.items] == [ChannelSeen]


def test_every_fragment_is_kept_and_can_be_read_again(folder: Path) -> None:
    edit(folder / "messages.html", "01:02:00", "01:99:00")
    found = pages(folder, size=2)
    kept = [entry for page in found if page.originals for entry in unpack(page.originals)]
    assert [entry.ref for entry in kept][:3] == ["tg:1234567890:post:1", None, "tg:1234567890:post:3"]
    assert "Запись 2" in kept[1].original["html"]
    channel = found[0].items[0]
    assert isinstance(channel, ChannelSeen)
    assert [reparse(entry.original, channel, BERLIN) for entry in kept if entry.ref] == messages(folder)


def test_messages_of_some_time_and_the_newest_ones(folder: Path) -> None:
    since = datetime.fromtimestamp(1_767_225_600 + 3 * 60, UTC)
    assert ids(folder, since=since) == [3, 4, 5, 6, 7]
    assert ids(folder, limit=2) == [6, 7]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 5), stop=st.integers(0, 12), rest=st.integers(1, 5), page=st.integers(1, 6))
def test_pages_and_cursors_do_not_change_what_is_read(
    write_both: WriteBoth, post: Post, size: int, stop: int, rest: int, page: int
) -> None:
    photo = {"photo": "a.jpg", "width": 1, "height": 1, "text_entities": [], "date_unixtime": "1767225700"}
    kinds: list[Row] = [{}, {"forwarded_from": "x"}, photo, photo, photo, {"from": "Анна"}, {"from": "Анна"}]
    rows = [post(number, **kinds[number % len(kinds)]) for number in range(1, 13)]
    folder = write_both(*rows, page=page, folder=f"pages-of-{page}")
    first = pages(folder, size=size)[:stop]
    cursor = first[-1].cursor if first else 0
    again = [item for part in [*first, *pages(folder, cursor=cursor, size=rest)] for item in part.items]
    whole = [item for part in pages(folder) for item in part.items]
    assert [item for item in again if isinstance(item, MessageSeen)][: len(whole) - 1] == whole[1:]


REAL = Path(__file__).parents[5] / "shared" / "data" / "desktop_html" / "AndroidSecurityMalwareNews"


@pytest.mark.skipif(not REAL.exists(), reason="the public channel's export of 2022 is not at hand")
def test_a_real_export_of_2022_is_read_to_its_last_message() -> None:
    found = messages(REAL, zone=ZoneInfo("Europe/Bratislava"))
    assert (len(found), found[-1].message_id) == (1_471, 1_479)
    assert sum(message.kind == "service" for message in found) == 2
    assert sum(message.forwarded_from is not None for message in found) == 62
    assert sum(message.reply_to_message_id is not None for message in found) == 6
    assert json.dumps([message.model_dump(mode="json") for message in found]).count("go_to_message") == 0
