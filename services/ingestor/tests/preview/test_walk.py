"""Whatever a channel holds, however t.me cuts it into pages and wherever a reading was interrupted: the same is told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.preview.page import PreviewPage, Shown, Widget
from tg_parser.ingestor.adapters.preview.post import Post
from tg_parser.ingestor.adapters.preview.walk import Walk
from tg_parser.ingestor.coverage import united
from tg_parser.ingestor.domain import Page

from .world import ids

BORN = datetime(2026, 1, 1, tzinfo=UTC)
Channel = tuple[Widget, ...]


@cache
def shown(number: int, head: int) -> Shown:
    date = BORN + timedelta(hours=head)
    return Shown(number, Post(TelegramMessage(channel_id="5", message_id=number, date=date, text="x"), None), "<div>")


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    """Posts and albums with deleted ids between them, newest first."""
    number, widgets = draw(st.integers(1, 4)), list[Widget]()
    for size in draw(st.lists(st.integers(1, 4), min_size=1, max_size=14)):
        numbers = range(number, number + size)
        messages = tuple(shown(each, number) for each in numbers)
        widgets.append(Widget(number, numbers[-1], BORN + timedelta(hours=number), messages))
        number += size + draw(st.integers(0, 2))
    return tuple(reversed(widgets))


def page(channel: Channel, before: int | None, size: int) -> PreviewPage:
    below = [widget for widget in channel if before is None or widget.first < before]
    return PreviewPage("city_news", "Городские новости", "5", len(below) > size, tuple(below[:size]))


def read(
    channel: Channel, spec: SourceSpec, size: int, page_size: int, start: Page | None = None, most: int = 1000
) -> list[Page]:
    walk = Walk(spec, start.cursor if start else 0, start.resume if start else "", page_size)
    pages = list[Page]()
    while not walk.ended:
        for each in walk.take(page(channel, walk.before, size)):
            pages.append(each)
            if len(pages) == most:
                return pages
        walk.go_on(())
    return [*pages, walk.last()]


def covered(pages: list[Page]) -> tuple[tuple[int, int], ...]:
    return united((stretch.first, stretch.last) for each in pages for stretch in each.covered)


def specs() -> st.SearchStrategy[SourceSpec]:
    moments = st.none() | st.integers(0, 60).map(lambda hours: BORN + timedelta(hours=hours))
    return st.builds(
        SourceSpec,
        kind=st.just("web_preview"),
        location=st.just("city_news"),
        mode=st.sampled_from(["snapshot", "incremental"]),
        limit=st.none() | st.integers(1, 30),
        since=moments,
        until=moments,
    )


def expected(channel: Channel, spec: SourceSpec) -> list[int]:
    told = [
        each.message_id
        for widget in channel
        for each in widget.messages
        if widget.date
        and (spec.since is None or widget.date >= spec.since)
        and (spec.until is None or widget.date < spec.until)
    ]
    return told[: spec.limit]


@settings(deadline=None)
@given(channels(), specs(), st.integers(1, 6), st.integers(1, 7), st.integers(1, 20), st.integers(1, 7))
def test_the_same_is_told_once_however_it_is_cut_and_interrupted(
    channel: Channel, spec: SourceSpec, size: int, page_size: int, most: int, other_size: int
) -> None:
    whole = read(channel, spec, size, page_size)
    assert ids(whole) == expected(channel, spec)

    begun = read(channel, spec, size, page_size, most=most)
    rest = read(channel, spec, other_size, other_size, start=begun[-1]) if begun[-1].end is None else []
    assert ids(begun) + ids(rest) == ids(whole)
    assert united([*covered(begun), *covered(rest)]) == covered(whole)


@settings(deadline=None)
@given(channels(), specs(), st.integers(1, 6), st.integers(1, 7))
def test_nothing_is_called_read_that_was_not_told(
    channel: Channel, spec: SourceSpec, size: int, page_size: int
) -> None:
    pages = read(channel, spec, size, page_size)
    called_read = {number for first, last in covered(pages) for number in range(first, last + 1)}
    there = {each.message_id for widget in channel for each in widget.messages}
    assert called_read & there <= set(ids(pages))


@given(channels(), st.integers(1, 6))
def test_a_whole_channel_read_leaves_no_gap(channel: Channel, size: int) -> None:
    pages = read(channel, SourceSpec(kind="web_preview", location="city_news"), size, 100)
    assert covered(pages) == ((1, channel[0].last),)
