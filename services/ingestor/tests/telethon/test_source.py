from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from telethon.tl import types

from tg_parser.contracts.messages import RejectedInput
from tg_parser.ingestor.adapters.telethon.errors import Flooded
from tg_parser.ingestor.adapters.telethon.message import reparse
from tg_parser.ingestor.coverage import united
from tg_parser.ingestor.domain import ChannelSeen, FloodSeen, MessageSeen, Page
from tg_parser.ingestor.originals import unpack
from tg_parser.ingestor.ports import SourceRefused

from .world import BORN, NOW, Reader, channel, post


def ids(pages: Iterable[Page]) -> list[int]:
    return [item.message.message_id for page in pages for item in page.items if isinstance(item, MessageSeen)]


def seen(pages: Iterable[Page]) -> list[ChannelSeen]:
    return [item for page in pages for item in page.items if isinstance(item, ChannelSeen)]


def covered(pages: Iterable[Page]) -> tuple[tuple[int, int], ...]:
    return united((stretch.first, stretch.last) for page in pages for stretch in page.covered)


async def test_a_snapshot_reads_everything_in_order_and_covers_it(reader: Reader):
    pages = await reader.read()
    assert ids(pages) == list(range(1, 251))
    assert covered(pages) == ((1, 250),)
    assert pages[-1].end is not None
    assert (pages[-1].cursor, pages[-1].end.channel_ids, pages[-1].end.truncated) == (250, ("1001",), None)
    assert seen(pages) == [ChannelSeen("1001", "Новости", "public_channel", "news", protected=False)]


async def test_a_name_is_resolved_once_for_ever(reader: Reader):
    await reader.read()
    await reader.read("https://t.me/News/17")
    assert reader.telegram.asked("resolveUsername") == 1
    assert reader.telegram.asked("getFullChannel") == 1


async def test_details_are_looked_at_again_after_a_day(reader: Reader):
    await reader.read()
    reader.now += timedelta(days=1, seconds=1)
    await reader.read()
    assert reader.telegram.asked("getFullChannel") == 2


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
async def test_the_size_of_pages_changes_nothing_that_is_told(reader: Reader, size: int):
    reader.telegram.messages[1001] = reader.telegram.messages[1001][:30]
    pages = await reader.read(size=size)
    assert ids(pages) == list(range(1, 31))
    assert all(len(page.items) <= size for page in pages)


async def test_a_reading_that_was_killed_anywhere_repeats_at_most_one_page(reader: Reader):
    whole = await reader.read(size=40)
    for number, page in enumerate(whole):
        rest = await reader.read(size=40, after=page)
        assert ids(rest) == ids(whole[number + 1 :])
        assert rest[-1].end == whole[-1].end
        assert rest[-1].cursor == 250


async def test_a_page_that_tells_nothing_leaves_the_mark_where_it_was(reader: Reader):
    first, *others = await reader.read(size=40)
    assert (first.items, first.cursor, first.resume) == ((seen([first])[0],), 0, "")
    assert others[-1].resume == others[-2].resume


async def test_only_what_is_not_covered_is_read_and_recent_posts_again(reader: Reader):
    reader.now = BORN + timedelta(hours=250, minutes=30)  # half an hour after the newest post
    await reader.read()
    reader.covered["1001"] = [(1, 99), (120, 249)]
    pages = await reader.read(mode="incremental")
    assert ids(pages) == [*range(248, 251), *range(100, 120)]


async def test_recent_posts_are_read_again_for_their_edits_the_longer_back_the_rarer(reader: Reader):
    reader.now = BORN + timedelta(hours=250, minutes=30)
    reader.covered["1001"] = [(1, 250)]
    first = await reader.read(mode="incremental")
    assert ids(first) == list(range(1, 251))  # nobody had looked back yet: thirty days
    reader.now += timedelta(minutes=10)
    assert ids(await reader.read(mode="incremental")) == [248, 249, 250]
    reader.now += timedelta(minutes=50)
    assert ids(await reader.read(mode="incremental")) == list(range(204, 251))


async def test_what_was_never_read_is_read_whole_even_if_it_is_to_be_followed(reader: Reader):
    pages = await reader.read(mode="incremental")
    assert ids(pages) == list(range(1, 251))


async def test_a_reading_that_is_followed_finds_what_came_and_what_was_edited(reader: Reader):
    reader.now = BORN + timedelta(hours=251)
    reader.commit(await reader.read())
    reader.telegram.messages[1001] += [post(251), post(252)]
    reader.telegram.messages[1001][248] = post(249, message="Исправлено", edit_date=NOW)
    pages = await reader.read(mode="incremental")
    texts = {
        item.message.message_id: item.message.text
        for page in pages
        for item in page.items
        if isinstance(item, MessageSeen)
    }
    assert (texts[249], texts[252]) == ("Исправлено", "Запись 252")


async def test_a_limit_means_the_newest(reader: Reader):
    assert ids(await reader.read(limit=30)) == list(range(221, 251))
    assert ids(await reader.read(limit=1000)) == list(range(1, 251))


async def test_dates_bound_what_is_read(reader: Reader):
    pages = await reader.read(since=BORN + timedelta(hours=100), until=BORN + timedelta(hours=150))
    assert ids(pages) == list(range(100, 150))
    pages = await reader.read(since=BORN + timedelta(hours=100), until=BORN + timedelta(hours=150), limit=10)
    assert ids(pages) == list(range(140, 150))


async def test_an_empty_channel_ends_at_once(reader: Reader):
    reader.telegram.messages[1001] = []
    pages = await reader.read()
    assert (ids(pages), covered(pages), pages[-1].end is not None) == ([], (), True)


async def test_deleted_posts_leave_holes_that_are_covered_for_certain(reader: Reader):
    reader.telegram.messages[1001] = [
        message for message in reader.telegram.messages[1001] if not 50 <= message.id < 170
    ]
    pages = await reader.read()
    assert covered(pages) == ((1, 250),)
    assert all(stretch.exhaustive for page in pages for stretch in page.covered)


async def test_what_an_account_may_not_see_is_not_claimed_to_be_gone(reader: Reader):
    reader.telegram.details[1001] = {"available_min_id": 200}
    pages = await reader.read()
    assert covered(pages) == ((201, 250),)


async def test_a_message_of_an_unknown_kind_costs_itself_alone(reader: Reader):
    reader.telegram.unknown = {77, 78, 150, 250}
    pages = await reader.read()
    rejected = [item for page in pages for item in page.items if isinstance(item, RejectedInput)]
    assert [item.message_id for item in rejected] == [78, 150]
    assert "deadbeef" in rejected[0].reason
    assert ids(pages) == [number for number in range(1, 250) if number not in {77, 78, 150}]
    sure = [stretch for page in pages for stretch in page.covered if stretch.exhaustive]
    assert not any(stretch.first <= 77 <= stretch.last for stretch in sure)


async def test_the_unknown_newest_message_is_left_for_later(reader: Reader):
    reader.telegram.unknown = {250}
    pages = await reader.read()
    assert covered(pages) == ((1, 249),)
    reader.telegram.messages[1001].append(post(251))
    reader.commit(pages)
    pages = await reader.read(mode="incremental")
    assert 251 in ids(pages)
    assert covered(pages)[-1][1] == 251


async def test_originals_are_enough_to_read_every_message_again(reader: Reader):
    reader.telegram.messages[1001].append(post(251, message="x" * 70_000))
    pages = await reader.read(limit=5)
    kept = [entry for page in pages if page.originals for entry in unpack(page.originals)]
    channel_seen = seen(pages)[0]
    told = [item.message for page in pages for item in page.items if isinstance(item, MessageSeen)]
    assert [reparse(entry.original, channel_seen) for entry in kept if entry.ref] == told
    assert [entry.original["id"] for entry in kept if entry.ref is None] == [251]


async def test_a_flood_is_told_before_it_is_kept_and_the_same_place_is_asked_again(reader: Reader):
    whole = await reader.read(size=50)
    reader.telegram.calls.clear()
    flood = [Flooded("getHistory", 5, "reader"), Flooded("getHistory", 7, "reader")]
    reader.telegram.failures["getHistory"] = [*flood]
    pages = await reader.read(size=50)
    floods = [item for page in pages for item in page.items if isinstance(item, FloodSeen)]
    assert [(item.method, item.seconds, item.account) for item in floods] == [
        ("getHistory", 5, "reader"), ("getHistory", 7, "reader"),
    ]  # fmt: skip
    assert [page for page in pages if not any(isinstance(item, FloodSeen) for item in page.items)] == whole


@pytest.mark.parametrize("method", ["resolveUsername", "getFullChannel", "getHistory"])
async def test_a_flood_at_any_call_changes_nothing_else(reader: Reader, method: str):
    reader.telegram.unknown = {99}
    whole = await reader.read(size=50)
    calls = reader.telegram.asked(method)
    for place in range(calls):
        again = Reader()
        again.telegram.add(channel(), reader.telegram.messages[1001])
        again.telegram.unknown = {99}
        again.telegram.failures[method] = [*[None] * place, Flooded(method, 5, "reader")]
        pages = await again.read(size=50)
        calm = [page for page in pages if not any(isinstance(item, FloodSeen) for item in page.items)]
        assert len(pages) == len(calm) + 1
        assert calm == whole


async def test_migration_reads_the_basic_group_first_and_under_its_own_name():
    reader = Reader()
    group = types.Chat(55, "Группа", types.ChatPhotoEmpty(), 3, BORN, 1, migrated_to=types.InputChannel(2002, 7))
    reader.telegram.add(group, [post(number, types.PeerChat(55), post=False) for number in range(1, 6)])
    reader.telegram.add(
        channel(2002, title="Группа", broadcast=None, megagroup=True, username=None, access_hash=7),
        [post(number, 2002, post=False) for number in range(1, 4)],
        migrated_from_chat_id=55,
        migrated_from_max_id=5,
    )
    pages = await reader.read("chat55")
    refs = [item.message.source_ref for page in pages for item in page.items if isinstance(item, MessageSeen)]
    assert refs == [*(f"tg:chat55:post:{n}" for n in range(1, 6)), *(f"tg:2002:post:{n}" for n in range(1, 4))]
    assert [(item.channel_id, item.predecessor_id, item.channel_type) for item in seen(pages)] == [
        ("chat55", None, "private_group"), ("2002", "chat55", "private_supergroup"),
    ]  # fmt: skip
    reader.commit(pages)
    reader.now += timedelta(days=400)
    assert ids(await reader.read("2002", mode="incremental")) == []


async def test_forwards_of_a_renamed_channel_go_on_and_a_name_given_away_stops(reader: Reader):
    await reader.read()
    reader.telegram.chats[1001] = channel(username="renamed")
    assert seen(await reader.read())[0].username == "renamed"
    reader.telegram.add(channel(3003, title="Чужие"))
    reader.now += timedelta(days=2)
    with pytest.raises(SourceRefused, match="belongs to another chat now") as refused:
        await reader.read()
    assert refused.value.cause == "identity_changed"
    assert ids(await reader.read("1001", limit=1)) == [250]


async def test_a_name_that_leads_elsewhere_than_registered_is_refused(reader: Reader):
    with pytest.raises(SourceRefused, match="not to 999") as refused:
        await reader.read(channel_id="999")
    assert refused.value.cause == "identity_changed"


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("@nobody", "not_found"),
        ("@person", "unsupported"),
        ("t.me/+stranger", "private"),
        ("424242424", "not_found"),
        ("две точки", "unreadable"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_a_sentence(reader: Reader, location: str, cause: str):
    with pytest.raises(SourceRefused) as refused:
        await reader.read(location)
    assert refused.value.cause == cause
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "location", ["1001001", "-1001001001", "t.me/c/1001001/5", "https://t.me/+member", "joinchat/member"]
)
async def test_the_ways_to_name_a_channel(location: str):
    reader = Reader()
    reader.telegram.add(channel(1001001), [post(1, 1001001)])
    assert ids(await reader.read(location)) == [1]


async def test_a_long_rich_message_is_fetched_whole(reader: Reader):
    part = types.RichMessage([types.PageBlockDivider()], [], [], part=True)
    reader.telegram.messages[1001].append(post(251, message="", rich_message=part))
    pages = await reader.read(limit=2)
    last = [item for page in pages for item in page.items if isinstance(item, MessageSeen)][-1]
    assert len(last.message.rich) == 3


async def test_topics_of_a_forum_are_kept(reader: Reader):
    header = types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=2)
    reader.telegram.add(
        channel(1001, broadcast=None, megagroup=True, forum=True),
        [post(1, post=False), post(2, post=False), post(3, post=False, reply_to=header)],
    )
    pages = await reader.read()
    threads = [item.message.thread_id for page in pages for item in page.items if isinstance(item, MessageSeen)]
    assert threads == [1, 1, 2]


async def test_reading_reads_only(reader: Reader):
    await reader.read(mode="incremental", include_comments=True)
    allowed = {"ResolveUsernameRequest", "GetFullChannelRequest", "GetHistoryRequest", "GetMessagesRequest"}
    assert {type(request).__name__ for _, request in reader.telegram.calls} <= allowed
