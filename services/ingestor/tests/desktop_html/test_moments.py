from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tg_parser.contracts.messages import RejectedInput, SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.desktop_html.files import page_files
from tg_parser.ingestor.adapters.desktop_html.pages import read_pages
from tg_parser.ingestor.domain import MessageSeen, Page
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


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def folder(write_both: WriteBoth, post: Post) -> Path:
    """Seven messages on three pages."""
    return write_both(*(post(number) for number in range(1, 8)), page=3)


def test_dividers_between_days_are_no_messages_and_ids_below_zero_are(write_both: WriteBoth, post: Post) -> None:
    day = 24 * 60
    folder = write_both(post(-999_999_990, date_unixtime="1767000000"), post(1), post(1 + day), post(1 + 2 * day))
    assert ids(folder) == [-999_999_990, 1, 1 + day, 1 + 2 * day]


def test_a_service_message_is_placed_in_its_day_and_after_the_one_before_it(write_both: WriteBoth, post: Post) -> None:
    def created(number: int, moment: int) -> Row:
        row = post(number, type="service", action="pin_message", actor="Анна", date_unixtime=str(moment))
        return {name: value for name, value in row.items() if name not in {"from", "from_id"}}

    noon = 1_767_265_200  # 2026-01-01 12:00 in Berlin
    folder = write_both(
        created(1, noon), post(2, date_unixtime=str(noon + 60)), created(3, noon + 90), created(4, noon + 86_400)
    )
    first, _, third, fourth = (message.date for message in messages(folder))
    assert first == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert third == datetime.fromtimestamp(noon + 60, UTC)
    assert fourth == datetime(2026, 1, 1, 23, tzinfo=UTC)


def test_what_a_service_sentence_means_is_told_as_json_exports_tell_it(write_both: WriteBoth, post: Post) -> None:
    row = post(1, type="service", action="boost_apply", actor="Анна К.")
    folder = write_both(row, post(2, **row | {"id": 2, "type": "unsupported"}), post(3))
    edit(folder / "messages.html", "</head>", "</head>")
    boost, unsupported, _ = messages(folder)
    assert (boost.kind, boost.action, boost.author, boost.text) == ("service", "boost_apply", "Анна К.", "")
    assert boost.action_detail == {"sentence": "Анна К. boosted the group 2 times"}
    assert unsupported.kind == "unsupported"
    edit(folder / "messages.html", "boosted the group 2 times", "did something new")
    assert messages(folder)[0].action == "unknown"


@pytest.mark.parametrize(
    ("stamp", "zone", "moment"),
    [
        ("03.12.2025 19:07:28 UTC+02:00", None, "2025-12-03T17:07:28"),
        ("03.12.2025 19:07:28 UTC-03:30", None, "2025-12-03T22:37:28"),
        ("03.12.2025 19:07:28 UTC", None, "2025-12-03T19:07:28"),
        ("03.07.2025 19:07:28 UTC+01:00", "Europe/Berlin", "2025-07-03T17:07:28"),
        ("03.07.2025 19:07:28", "Europe/Berlin", "2025-07-03T17:07:28"),
        ("03.12.2025 19:07:28", "Europe/Moscow", "2025-12-03T16:07:28"),
    ],
)
def test_a_time_becomes_a_moment(write_both: WriteBoth, post: Post, stamp: str, zone: str | None, moment: str) -> None:
    folder = write_both(post(1))
    edit(folder / "messages.html", "01.01.2026 01:01:00 UTC+01:00", stamp)
    (message,) = messages(folder, zone=ZoneInfo(zone) if zone else None)
    assert message.date == datetime.fromisoformat(f"{moment}+00:00")


def test_a_local_time_of_an_unknown_place_is_refused_before_anything_is_told(folder: Path) -> None:
    for path in folder.glob("*.html"):
        edit(path, " UTC+01:00", "")
    with pytest.raises(SourceRefused, match=r"cannot be placed in time\. .* Tell in which time zone it was exported"):
        pages(folder, zone=None)


def test_a_zone_that_contradicts_the_export_is_refused(folder: Path) -> None:
    with pytest.raises(SourceRefused, match=r"is of UTC\+01:00, which Europe/Moscow is not"):
        pages(folder, zone=ZoneInfo("Europe/Moscow"))


def test_forwards_of_exports_of_2022_have_a_date_without_a_title(write_both: WriteBoth, post: Post) -> None:
    folder = write_both(post(1, forwarded_from="Другой канал"))
    text = (folder / "messages.html").read_text("utf-8")
    begin = text.index('<span class="date details" title=')
    end = text.index(">", begin) + 1
    (folder / "messages.html").write_text(text[:begin] + '<span class="details">' + text[end:], "utf-8")
    (message,) = messages(folder)
    assert message.forwarded_from is not None
    assert message.forwarded_from.name == "Другой канал"
    assert message.forwarded_from.date == datetime.fromtimestamp(1_600_000_000, UTC)
