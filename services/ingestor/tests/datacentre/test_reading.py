from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.messages import RejectedInput
from tg_parser.ingestor.ports import SourceParked, SourceRefused
from tg_parser.testkit.datacentre import (
    Account,
    Chat,
    DataCentre,
    Dropped,
    Late,
    Silent,
    Unreadable,
    World,
    flood,
    trouble,
)  # fmt: skip
from tg_parser.testkit.moving_clock import MovingClock

from .accounts import IMPATIENT
from .reading import Reader, calm, covered, floods, ids, refs, seen, texts

HISTORY = "messages.getHistory"


async def test_a_channel_is_read_whole_and_in_order(ingestor: Reader, centre: DataCentre, news: Chat):
    pages = await ingestor.read()
    assert ids(pages) == list(range(1, 451))
    assert covered(pages, surely=True) == ((1, 450),)
    assert [(chat.channel_id, chat.username) for chat in seen(pages)] == [(str(news.id), "news")]
    assert centre.asked("contacts.resolveUsername") == centre.asked("channels.getFullChannel") == 1


@pytest.mark.parametrize("page", [0, 1, 3])
async def test_a_short_flood_is_told_and_waited_for_at_any_page(
    ingestor: Reader, centre: DataCentre, time: MovingClock, news: Chat, page: int
):
    whole = await ingestor.read(size=150)
    centre.faults.on(HISTORY, flood(5), after=page + 1)
    began = time.passed
    pages = await ingestor.read(size=150)
    assert floods(pages) == [("getHistory", 5)]
    assert calm(pages) == whole
    assert time.passed - began >= 5


@pytest.mark.parametrize("seconds", [120, 20_000])
@pytest.mark.parametrize("page", [0, 1, 3])
async def test_a_long_flood_parks_the_reading_which_goes_on_at_the_same_page(
    ingestor: Reader, centre: DataCentre, time: MovingClock, news: Chat, page: int, seconds: int
):
    whole = await ingestor.read()
    centre.faults.on(HISTORY, flood(seconds), after=page + 1)
    with pytest.raises(SourceParked) as parked:
        await ingestor.read()
    before = ingestor.pages
    assert floods(before) == [("getHistory", seconds)]
    assert seconds <= parked.value.seconds <= seconds + 5
    assert ids(before) == list(range(1, 100 * page + 1))
    asked = centre.asked(HISTORY)
    with pytest.raises(SourceParked):  # whoever does not wait is not let through to Telegram
        await ingestor.read(after=before[-1])
    assert centre.asked(HISTORY) == asked
    time.advance(parked.value.seconds)
    calls = len(centre.calls)
    rest = await ingestor.read(after=before[-1])
    assert floods(rest) == []
    assert ids(before) + ids(rest) == ids(whole)
    assert (rest[-1].cursor, rest[-1].end) == (whole[-1].cursor, whole[-1].end)
    pages_asked = [call.request for call in centre.calls[calls:] if call.method == HISTORY and call.request.limit > 1]
    assert pages_asked[0].offset_id == 100 * page + 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("page", [0, 2])
async def test_a_dropped_connection_changes_nothing_that_is_told(
    ingestor: Reader, centre: DataCentre, news: Chat, when: Any, page: int
):
    whole = await ingestor.read()
    centre.faults.on(HISTORY, Dropped(when), after=page + 1)
    assert await ingestor.read() == whole


async def test_every_connection_of_a_process_may_be_dropped_between_two_readings(
    ingestor: Reader, centre: DataCentre, news: Chat, reader: Account
):
    async with ingestor.keeper.process() as accounts:
        whole = await ingestor.read_with(accounts)
        centre.drop(reader)
        assert await ingestor.read_with(accounts) == whole


async def test_an_answer_that_never_comes_is_given_up_and_the_reading_goes_on_later(
    ingestor: Reader, centre: DataCentre, news: Chat
):
    whole = await ingestor.read()
    ingestor.keeper.patience = IMPATIENT
    centre.faults.on(HISTORY, Silent(), after=2)
    with pytest.raises(TransientError, match="does not answer"):
        await ingestor.read()
    before = ingestor.pages
    assert ids(before) == list(range(1, 101))
    assert ids(before) + ids(await ingestor.read(after=before[-1])) == ids(whole)


async def test_a_late_answer_is_nobodys(ingestor: Reader, centre: DataCentre, news: Chat):
    late = Late()
    ingestor.keeper.patience = IMPATIENT
    async with ingestor.keeper.process() as accounts:
        whole = await ingestor.read_with(accounts)
        centre.faults.on(HISTORY, late, after=1)
        with pytest.raises(TransientError):
            await ingestor.read_with(accounts)
        late.release()
        assert await ingestor.read_with(accounts) == whole


async def test_trouble_at_telegrams_is_tried_again_and_then_told(ingestor: Reader, centre: DataCentre, news: Chat):
    centre.faults.on(HISTORY, trouble(), after=2)
    assert ids(await ingestor.read()) == list(range(1, 451))
    centre.faults.on(HISTORY, *[trouble()] * 4, after=2)
    with pytest.raises(TransientError, match="getHistory"):
        await ingestor.read()
    assert ids(ingestor.pages) == list(range(1, 101))


async def test_messages_of_an_unknown_kind_cost_themselves_alone(ingestor: Reader, world: World, news: Chat):
    news.unreadable |= {77, 78, 301}
    pages = await ingestor.read()
    rejected = [item for page in pages for item in page.items if isinstance(item, RejectedInput)]
    assert [item.message_id for item in rejected] == [78, 301]
    assert all("deadbeef" in item.reason for item in rejected)
    assert ids(pages) == [number for number in range(1, 451) if number not in news.unreadable]
    assert not any(first <= lost <= last for first, last in covered(pages, surely=True) for lost in news.unreadable)


async def test_an_answer_of_an_unknown_kind_loses_nothing(ingestor: Reader, centre: DataCentre, news: Chat):
    centre.faults.on(HISTORY, Unreadable(), after=2)
    pages = await ingestor.read()
    assert ids(pages) == list(range(1, 451))
    assert covered(pages, surely=True) == ((1, 450),)


async def test_seventy_posts_missed_are_found_by_following(
    ingestor: Reader, world: World, news: Chat, time: MovingClock
):
    ingestor.commit(await ingestor.read())
    world.fill(news, 70)
    time.advance(60)
    pages = await ingestor.read(mode="incremental")
    assert set(range(451, 521)) <= set(ids(pages))
    ingestor.commit(pages)
    assert await ingestor.coverage(str(news.id)) == ((1, 520),)


async def test_gaps_that_were_left_are_read_and_nothing_else(ingestor: Reader, news: Chat, time: MovingClock):
    await ingestor.read(limit=1, mode="incremental")
    ingestor.covered[str(news.id)] = [(1, 200), (211, 450)]
    pages = await ingestor.read(mode="incremental")
    assert ids(pages) == [*range(448, 451), *range(201, 211)]


async def test_edits_are_found_by_reading_recent_posts_again(
    ingestor: Reader, world: World, news: Chat, time: MovingClock
):
    ingestor.commit(await ingestor.read())
    ingestor.commit(await ingestor.read(mode="incremental"))  # looks back thirty days, for the first time
    time.advance(600)
    world.edit(news, 449, "Исправлено")
    pages = await ingestor.read(mode="incremental")
    assert ids(pages) == [448, 449, 450]
    assert texts(pages)[449] == "Исправлено"


async def test_deletions_are_ids_that_are_covered_for_certain_and_not_told(
    ingestor: Reader, world: World, news: Chat, time: MovingClock
):
    ingestor.commit(await ingestor.read())
    world.delete(news, 449, *range(100, 230))
    time.advance(600)
    pages = await ingestor.read()
    assert not {449, *range(100, 230)} & set(ids(pages))
    assert covered(pages, surely=True) == ((1, 450),)


async def test_a_group_that_became_a_supergroup_is_read_from_its_beginning(
    ingestor: Reader, world: World, reader: Account
):
    group = world.chat("Группа", "group", number=55, of=[reader])
    world.fill(group, 5, by=reader)
    successor = world.migrate(group)
    world.fill(successor, 3, by=reader)
    pages = await ingestor.read("chat55")
    first = [f"tg:chat55:post:{number}" for number in range(1, 7)]
    assert refs(pages) == [*first, *(f"tg:{successor.id}:post:{number}" for number in range(1, 5))]
    assert [(chat.channel_id, chat.predecessor_id) for chat in seen(pages)] == [
        ("chat55", None), (str(successor.id), "chat55"),
    ]  # fmt: skip


async def test_comments_are_read_with_the_posts_they_are_about(ingestor: Reader, world: World, reader: Account):
    group = world.chat("Обсуждение", "supergroup", of=[reader])
    channel = world.chat("С комментариями", username="open", of=[reader], linked=group)
    posts = world.fill(channel, 3)
    said = world.comment(channel, posts[1].id, "Так", reader)
    answered = world.comment(channel, posts[1].id, "Нет", reader, answers=said.id)
    world.post(group, "Не о том", by=reader)
    pages = await ingestor.read("@open", include_comments=True)
    posted = [f"tg:{channel.id}:post:{number}" for number in (1, 2, 3)]
    assert refs(pages) == [*posted, f"tg:{group.id}:comment:{said.id}", f"tg:{group.id}:comment:{answered.id}"]


async def test_a_name_that_was_given_away_stops_the_reading(
    ingestor: Reader, world: World, news: Chat, time: MovingClock
):
    await ingestor.read(limit=1)
    world.rename(news, "old_news")
    world.chat("Чужие", username="news")
    time.advance(timedelta(days=2).total_seconds())
    with pytest.raises(SourceRefused) as refused:
        await ingestor.read(limit=1)
    assert refused.value.cause == "identity_changed"
    assert ids(await ingestor.read(str(news.id), limit=1)) == [450]


async def test_whoever_was_thrown_out_is_told_so_in_the_middle_of_a_reading(
    ingestor: Reader, world: World, news: Chat, reader: Account, centre: DataCentre
):
    async with ingestor.keeper.process() as accounts:
        first = await ingestor.read_with(accounts, most=3)
        world.expel(news, reader)
        with pytest.raises(SourceRefused) as refused:
            await ingestor.read_with(accounts, after=first[-1])
    assert refused.value.cause == "private"


async def test_only_what_was_asked_for_is_asked_for(ingestor: Reader, centre: DataCentre, news: Chat):
    await ingestor.read(mode="incremental", include_comments=True)
    assert {call.method for call in centre.calls} <= {
        "help.getConfig", "users.getUsers", "updates.getState", "updates.getDifference", "contacts.resolveUsername",
        "channels.getFullChannel", "messages.getHistory",
    }  # fmt: skip
