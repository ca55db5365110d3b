"""What goes wrong with a site that promises nothing: pauses it asks for, faults of its own, names without a preview, other markup."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.domain import FloodSeen
from tg_parser.ingestor.ports import SourceParked, SourceRefused
from tg_parser.testkit.moving_clock import MovingClock
from tg_parser.testkit.preview_server import OTHER_MARKUP, FakeChannel, FakePreviews, Fault, text_post

from .world import Reader, ids, told

EVERYTHING = list(range(50, 0, -1))


@pytest.fixture(autouse=True)
def channel(site: FakePreviews) -> FakeChannel:
    """Fifty posts: three pages."""
    channel = site.open(FakeChannel("city_news"))
    channel.publish(text_post(number) for number in range(1, 51))
    return channel


async def test_no_more_than_a_request_a_second(site: FakePreviews, read: Reader, time: MovingClock) -> None:
    begin = time.now
    await read()
    assert len(site.requests) == 3
    assert time.now - begin >= timedelta(seconds=2)


async def test_a_pause_is_told_before_it_is_kept_and_nothing_is_lost(
    site: FakePreviews, read: Reader, time: MovingClock
) -> None:
    site.faults.extend([Fault(), Fault(status=429, retry_after="30")])
    begin = time.now
    pages = await read(most=2)
    assert pages[1].items == (FloodSeen("t.me/s", 30),)
    assert (pages[1].cursor, pages[1].resume) == (pages[0].cursor, pages[0].resume)
    assert time.now - begin < timedelta(seconds=30), "told at once"

    rest = await read(cursor=pages[1].cursor, resume=pages[1].resume)
    assert time.now - begin >= timedelta(seconds=31), "and kept by whoever asks next"
    assert ids(pages) + ids(rest) == EVERYTHING


async def test_a_pause_on_the_very_first_request_is_told_too(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(status=429, retry_after="3"))
    pages = await read()
    assert pages[0].items == (FloodSeen("t.me/s", 3),)
    assert ids(pages) == EVERYTHING


async def test_a_pause_too_long_to_wait_for_parks(site: FakePreviews, read: Reader) -> None:
    site.faults.extend([Fault(), Fault(status=429, retry_after="7200")])
    with pytest.raises(SourceParked) as parked:
        await read()
    assert (parked.value.method, parked.value.seconds) == ("t.me/s", 7_201)
    assert told(read.pages)[-1] == FloodSeen("t.me/s", 7_200)


async def test_a_pause_may_be_given_as_a_moment(site: FakePreviews, read: Reader, time: MovingClock) -> None:
    moment = format_datetime(time.now + timedelta(seconds=40), usegmt=True)
    site.faults.append(Fault(status=429, retry_after=moment))
    (page,) = await read(most=1)
    assert page.items == (FloodSeen("t.me/s", 40),)


async def test_a_site_that_does_not_say_how_long_is_left_alone_for_longer_each_time(
    site: FakePreviews, read: Reader
) -> None:
    site.faults.extend([Fault(status=429), Fault(status=429, retry_after="soon"), Fault(status=429)])
    pages = await read()
    floods = [item.seconds for item in told(pages) if isinstance(item, FloodSeen)]
    assert floods == [5, 10, 20]
    assert ids(pages) == EVERYTHING


async def test_one_pause_after_another_parks(site: FakePreviews, read: Reader) -> None:
    site.faults.extend(Fault(status=429, retry_after="1") for _ in range(99))
    with pytest.raises(SourceParked) as parked:
        await read()
    assert parked.value.seconds == 900
    assert len(site.requests) == 9


@pytest.mark.parametrize("fault", [Fault(status=502), Fault(status=500), Fault(dropped=True)])
async def test_a_passing_fault_is_waited_for(site: FakePreviews, read: Reader, fault: Fault, time: MovingClock) -> None:
    site.faults.extend([Fault(), fault, fault])
    pages = await read()
    assert ids(pages) == EVERYTHING
    assert {1.0, 2.0} <= set(time.waits)


async def test_a_fault_that_lasts_hands_the_work_back_and_it_goes_on_later(site: FakePreviews, read: Reader) -> None:
    site.faults.extend([Fault(), *(Fault(status=503) for _ in range(4))])
    with pytest.raises(TransientError, match="it answered 503") as down:
        await read()
    assert down.value.retry_in == 60
    begun = read.pages
    rest = await read(cursor=begun[-1].cursor, resume=begun[-1].resume)
    assert ids(begun) + ids(rest) == EVERYTHING


@pytest.mark.parametrize(
    ("shown", "cause"),
    [("no_preview", "no_preview"), ("group", "no_preview"), ("person", "unsupported"), ("nobody", "not_found")],
)
async def test_a_name_without_a_preview_is_refused(
    channel: FakeChannel, site: FakePreviews, read: Reader, shown: str, cause: str
) -> None:
    channel.shown = shown  # pyright: ignore[reportAttributeAccessIssue] -- one of its literals
    with pytest.raises(SourceRefused) as refused:
        await read()
    assert refused.value.cause == cause
    assert "@city_news" in str(refused.value)
    assert site.requests == ["/s/city_news", "/city_news"]


async def test_a_name_nobody_has_is_refused(read: Reader) -> None:
    with pytest.raises(SourceRefused) as refused:
        await read(location="@nobody_at_all")
    assert refused.value.cause == "not_found"


async def test_a_redirect_to_another_site_is_not_followed(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(moved_to="https://telegram.example/city_news"))
    with pytest.raises(SourceRefused) as refused:
        await read()
    assert refused.value.cause == "not_found"
    assert site.requests == ["/s/city_news"]


async def test_a_name_that_moved_is_followed_and_circles_are_left(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(moved_to="https://t.me/s/City_News"))
    assert ids(await read()) == EVERYTHING
    site.faults.extend(Fault(moved_to="/s/city_news") for _ in range(9))
    with pytest.raises(SourceRefused, match="in circles"):
        await read()


async def test_a_site_that_shuts_us_out_is_a_refusal(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(status=403))
    with pytest.raises(SourceRefused, match=r"t\.me answered 403") as refused:
        await read()
    assert refused.value.cause == "not_allowed"


async def test_a_channel_that_went_private_ends_in_the_middle_and_says_why(channel: FakeChannel, read: Reader) -> None:
    (first,) = await read(most=1)
    channel.shown = "no_preview"
    rest = await read(cursor=first.cursor, resume=first.resume)
    assert rest[-1].end is not None
    assert rest[-1].end.channel_ids == ("1234567890",)
    assert "without a public preview" in (rest[-1].end.truncated or "")


async def test_a_page_without_posts_is_asked_for_again_where_there_are_some(site: FakePreviews, read: Reader) -> None:
    site.faults.extend([Fault(), Fault(no_posts=True)])
    pages = await read()
    assert ids(pages) == EVERYTHING
    assert pages[-1].end is not None
    assert pages[-1].end.truncated is None


async def test_a_page_without_posts_that_comes_again_and_again_ends_the_reading_and_covers_nothing(
    site: FakePreviews, read: Reader
) -> None:
    site.faults.extend([Fault(), *(Fault(no_posts=True) for _ in range(3))])
    pages = await read()
    assert ids(pages) == EVERYTHING[:20]
    assert pages[-1].end is not None
    assert pages[-1].end.truncated == "t.me shows no posts of @city_news before 31, although it says there are some."
    assert pages[-1].covered == ()


async def test_a_channel_without_posts_is_no_refusal(channel: FakeChannel, site: FakePreviews, read: Reader) -> None:
    channel.posts.clear()
    (page,) = await read()
    assert page.end is not None
    assert (page.end.channel_ids, page.end.truncated) == ((), "t.me shows no posts of @city_news.")
    assert len(site.requests) == 3


async def test_a_page_that_repeats_itself_does_not_hold_up_the_reading_for_ever(
    site: FakePreviews, read: Reader
) -> None:
    site.repeats_newest = True
    pages = await read()
    assert ids(pages) == EVERYTHING[:20]
    assert pages[-1].end is not None
    assert "before 31" in (pages[-1].end.truncated or "")


async def test_other_markup_from_the_beginning_is_refused_and_in_the_middle_an_end(
    site: FakePreviews, read: Reader
) -> None:
    renamed = '<div class="tgme_widget_message" data-id="city_news/1"></div><div class="tgme_widget_message"></div>'
    site.faults.append(Fault(markup=renamed))
    with pytest.raises(SourceRefused, match="is not as it used to be: none of its posts has a number") as refused:
        await read()
    assert refused.value.cause == "unreadable"

    undated = "".join(f'<div class="tgme_widget_message" data-post="city_news/{n}"></div>' for n in (7, 8))
    site.faults.extend([Fault(), Fault(markup=undated)])
    pages = await read()
    assert ids(pages) == EVERYTHING[:20]
    assert pages[-1].end is not None
    assert "none of its posts can be read" in (pages[-1].end.truncated or "")


async def test_a_page_of_something_else_does_not_say_that_there_is_no_channel(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(markup=OTHER_MARKUP))
    with pytest.raises(SourceRefused) as refused:
        await read()
    assert refused.value.cause == "unreadable"


async def test_a_page_without_end_is_not_read(site: FakePreviews, read: Reader) -> None:
    site.faults.append(Fault(markup="x" * (9 * 1024 * 1024)))
    with pytest.raises(SourceRefused, match="larger than"):
        await read()
