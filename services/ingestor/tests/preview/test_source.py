"""A channel's preview is read from its newest post to its first, page by page, and from any mark on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tg_parser.contracts.messages import RejectedInput
from tg_parser.ingestor.adapters.preview.post import reparse
from tg_parser.ingestor.adapters.preview.source import open_previews
from tg_parser.ingestor.coverage import united
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.originals import unpack
from tg_parser.ingestor.ports import SourceRefused
from tg_parser.testkit.preview_server import (
    FIRST_DAY,
    FakeChannel,
    FakePost,
    FakePreviews,
    album_post,
    text_post,
    widget,
)

from .world import Reader, ids, told

DELETED = frozenset({7, 33, 34, 35})


@pytest.fixture
def channel(site: FakePreviews) -> FakeChannel:
    """Posts 1 to 50 without the deleted ones, 40 to 43 an album: three pages of twenty."""
    channel = site.open(FakeChannel("city_news"))
    channel.publish(text_post(number) for number in range(1, 51) if number not in {*DELETED, 40, 41, 42, 43})
    channel.publish([album_post([40, 41, 42, 43], "city_news", "Парад")])
    return channel


EVERYTHING = [
    number
    for head in range(50, 0, -1)
    if head not in {*DELETED, 41, 42, 43}
    for number in ([40, 41, 42, 43] if head == 40 else [head])
]


def covered(pages: list[Page]) -> tuple[tuple[int, int], ...]:
    return united((stretch.first, stretch.last) for page in pages for stretch in page.covered)


@pytest.mark.usefixtures("channel")
async def test_the_whole_channel_is_read_newest_posts_first(site: FakePreviews, read: Reader) -> None:
    pages = await read()
    assert ids(pages) == EVERYTHING
    assert pages[0].items[0] == ChannelSeen("1234567890", "Городские новости", "public_channel", username="city_news")
    assert site.requests == ["/s/city_news", "/s/city_news?before=25", "/s/city_news?before=4"]
    assert [page.end is not None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].end is not None
    assert (pages[-1].end.channel_ids, pages[-1].end.truncated) == (("1234567890",), None)
    assert covered(pages) == ((1, 50),), "deleted ids among them: there is nothing to read in them"
    assert not any(stretch.exhaustive for page in pages for stretch in page.covered)


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("page_size", [1, 3, 20])
async def test_a_page_is_never_larger_than_asked_and_the_messages_are_the_same(read: Reader, page_size: int) -> None:
    pages = await read(page_size=page_size)
    assert ids(pages) == EVERYTHING
    assert max(sum(isinstance(item, MessageSeen) for item in page.items) for page in pages) <= page_size
    assert covered(pages) == ((1, 50),)


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("mode", ["snapshot", "incremental"])
async def test_a_reading_goes_on_from_every_mark(read: Reader, mode: str) -> None:
    whole = await read(page_size=3, mode=mode)
    for number, page in enumerate(whole[:-1], 1):
        rest = await read(page_size=3, mode=mode, cursor=page.cursor, resume=page.resume)
        assert isinstance(rest[0].items[0], ChannelSeen)
        assert rest[0].items[0].channel_id == "1234567890"
        assert ids(whole[:number]) + ids(rest) == EVERYTHING
        assert united([*covered(whole[:number]), *covered(rest)]) == ((1, 50),)
        assert rest[-1].cursor == whole[-1].cursor == len(EVERYTHING)


async def test_a_mark_inside_an_album_that_was_deleted_skips_no_other_post(channel: FakeChannel, read: Reader) -> None:
    pages = await read(page_size=1)
    inside = next(page for page in pages if ids([page]) == [41])
    del channel.posts[40]
    rest = await read(cursor=inside.cursor, resume=inside.resume)
    assert ids(rest)[:2] == [39, 38]


@pytest.mark.usefixtures("channel")
async def test_what_is_covered_is_left_out_but_for_recent_posts(site: FakePreviews, read: Reader) -> None:
    read.coverage = ((1, 48),)
    site.page_size = 5
    recent = [number for number in EVERYTHING if number > 2]
    pages = await read(mode="incremental")
    assert ids(pages)[0] == 50
    assert set(ids(pages)) >= {
        number for number in recent if text_post(50).date - text_post(number).date < timedelta(hours=48)
    }

    site.requests.clear()
    read.coverage = ()
    assert ids(await read(mode="incremental")) == EVERYTHING


async def test_a_hole_far_back_is_filled_without_reading_what_lies_before_it(site: FakePreviews, read: Reader) -> None:
    channel = site.open(FakeChannel("city_news"))
    days = (FakePost(n, text_post(n).body, FIRST_DAY + timedelta(days=n)) for n in range(1, 401))
    channel.publish(days)
    read.coverage = ((1, 100), (121, 399))
    pages = await read(mode="incremental")
    assert site.requests == ["/s/city_news", "/s/city_news?before=121"]
    assert ids(pages) == [*range(400, 380, -1), *range(120, 100, -1)]
    assert covered(pages) == ((101, 120), (381, 400))
    assert pages[-1].end is not None


async def test_a_hole_without_a_post_in_it_is_read_and_no_fault(site: FakePreviews, read: Reader) -> None:
    channel = site.open(FakeChannel("city_news"))
    channel.publish(FakePost(n, text_post(n).body, FIRST_DAY + timedelta(days=n)) for n in range(301, 401))
    read.coverage = ((301, 400),)
    pages = await read(mode="incremental")
    assert site.requests == ["/s/city_news", "/s/city_news?before=301"]
    assert covered(pages) == ((1, 300), (381, 400))
    assert pages[-1].end is not None
    assert pages[-1].end.truncated is None


async def test_a_quiet_channel_is_asked_once(site: FakePreviews, read: Reader) -> None:
    channel = site.open(FakeChannel("city_news"))
    channel.publish(FakePost(n, text_post(n).body, FIRST_DAY + timedelta(days=n)) for n in range(1, 401))
    read.coverage = ((1, 400),)
    pages = await read(mode="incremental")
    assert (len(site.requests), len(ids(pages))) == (1, 20)


@pytest.mark.usefixtures("channel")
async def test_only_the_newest_messages_if_a_limit_is_set(site: FakePreviews, read: Reader) -> None:
    pages = await read(limit=9)
    assert ids(pages) == EVERYTHING[:9] == [50, 49, 48, 47, 46, 45, 44, 40, 41]
    assert len(site.requests) == 1
    assert pages[-1].end is not None
    rest = await read(limit=12, cursor=pages[-1].cursor, resume=pages[-1].resume)
    assert ids(rest) == EVERYTHING[9:12]


@pytest.mark.usefixtures("channel")
async def test_a_limit_that_is_reached_asks_no_more(site: FakePreviews, read: Reader) -> None:
    pages = await read(limit=9)
    site.requests.clear()
    again = await read(limit=9, cursor=9, resume=pages[-1].resume)
    assert (ids(again), site.requests) == ([], [])
    assert again[-1].end is not None


@pytest.mark.usefixtures("channel")
async def test_only_a_stretch_of_time_if_it_is_set(site: FakePreviews, read: Reader) -> None:
    pages = await read(since=text_post(10).date, until=text_post(20).date)
    assert ids(pages) == list(range(19, 9, -1))
    assert covered(pages) == ((10, 19),)
    assert len(site.requests) == 2, "what is older was not asked for"


@pytest.mark.usefixtures("channel")
async def test_nothing_in_the_stretch_of_time_is_an_end_too(read: Reader) -> None:
    pages = await read(since=FIRST_DAY + timedelta(days=99))
    assert (ids(pages), covered(pages)) == ([], ())
    assert isinstance(pages[0].items[0], ChannelSeen)
    assert pages[-1].end is not None


async def test_originals_can_be_parsed_again(channel: FakeChannel, read: Reader) -> None:
    channel.publish([FakePost(51, "<b>ohne Text</b>")])
    pages = await read()
    seen = {item.message.source_ref: item.message for item in told(pages) if isinstance(item, MessageSeen)}
    kept = [entry for page in pages if page.originals for entry in unpack(page.originals)]
    assert [entry.ref for entry in kept] == list(seen)
    assert all(reparse(entry.original, "1234567890") == seen[entry.ref or ""] for entry in kept)


async def test_a_post_that_cannot_be_read_is_rejected_kept_and_not_covered(channel: FakeChannel, read: Reader) -> None:
    channel.publish([FakePost(51, "x" * 300_000)])
    pages = await read()
    (rejected,) = [item for item in told(pages) if isinstance(item, RejectedInput)]
    assert (rejected.position, rejected.channel_id, rejected.message_id) == (0, "1234567890", 51)
    assert rejected.reason.startswith("Its markup has 300,")
    assert ids(pages) == EVERYTHING
    assert pages[0].originals is not None
    assert next(unpack(pages[0].originals)).ref is None
    assert covered(pages) == ((1, 50),)


async def test_a_page_without_a_link_to_older_posts_is_not_the_end(channel: FakeChannel, read: Reader) -> None:
    channel.tells_older = False
    pages = await read()
    assert ids(pages) == EVERYTHING


async def test_a_channel_whose_first_posts_are_gone_is_read_to_what_is_left(site: FakePreviews, read: Reader) -> None:
    channel = site.open(FakeChannel("city_news"))
    channel.publish(text_post(number) for number in range(11, 31))
    pages = await read()
    assert ids(pages) == list(range(30, 10, -1))
    assert site.requests == ["/s/city_news", "/s/city_news?before=11"]
    assert covered(pages) == ((1, 30),)
    assert pages[-1].end is not None
    assert pages[-1].end.truncated is None


async def test_an_advertisement_of_another_channel_is_no_post(channel: FakeChannel, read: Reader) -> None:
    before = await read()
    advertisement = widget(FakeChannel("shop", number=99), text_post(777, "Купите!"))
    end_of_post = "</div></div></div>"
    channel.publish([FakePost(51, "Новость", outside=end_of_post + advertisement)])
    assert ids(await read()) == [51, *ids(before)]


async def test_a_name_may_be_written_in_another_case(channel: FakeChannel, read: Reader) -> None:
    del channel
    pages = await read(location="https://t.me/s/City_News")
    assert ids(pages) == EVERYTHING
    assert isinstance(pages[0].items[0], ChannelSeen)
    assert pages[0].items[0].username == "city_news", "as the channel itself writes it"


@pytest.mark.parametrize("tells", ["single_posts", "nowhere"])
async def test_the_number_is_looked_for_in_a_single_post_and_then_has_to_be_given(
    channel: FakeChannel, site: FakePreviews, read: Reader, tells: str
) -> None:
    channel.tells_number = tells  # pyright: ignore[reportAttributeAccessIssue] -- one of its literals
    if tells == "single_posts":
        assert ids(await read()) == EVERYTHING
        assert site.requests[1] == "/city_news/50?embed=1&mode=tme"
        return
    with pytest.raises(SourceRefused, match="does not tell the number"):
        await read()
    assert ids(await read(channel_id="-1001234567890")) == EVERYTHING


async def test_a_name_that_went_to_another_channel_is_refused(channel: FakeChannel, read: Reader) -> None:
    with pytest.raises(SourceRefused) as refused:
        await read(channel_id="42")
    assert refused.value.cause == "identity_changed"
    (first,) = await read(page_size=5, most=1)
    channel.number = 42
    with pytest.raises(SourceRefused) as refused:
        await read(cursor=first.cursor, resume=first.resume)
    assert refused.value.cause == "identity_changed"
    assert "42" in str(refused.value)


@pytest.mark.usefixtures("channel")
async def test_previews_come_with_connections_of_their_own(site: FakePreviews) -> None:
    async with open_previews(Limiter(), site=site.base_url) as previews:
        assert previews.parser_version == "preview/1"
        pages = await Reader(previews)(limit=5)
    assert ids(pages) == EVERYTHING[:5]
