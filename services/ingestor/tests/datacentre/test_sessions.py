from __future__ import annotations

import pytest

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.messages import RefusalCause
from tg_parser.ingestor.ports import SourceParked, SourceRefused
from tg_parser.testkit.datacentre import Account, Chat, DataCentre, Dropped, Silent, World, flood, trouble
from tg_parser.testkit.moving_clock import MovingClock

from .accounts import IMPATIENT, NAME
from .reading import Reader, ids


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("SESSION_REVOKED", "needs_login"),
        ("AUTH_KEY_UNREGISTERED", "needs_login"),
        ("AUTH_KEY_DUPLICATED", "needs_login"),
        ("USER_DEACTIVATED", "needs_login"),
        ("USER_DEACTIVATED_BAN", "banned"),
    ],
)
async def test_a_session_telegram_ended_is_refused_and_never_tried_again_until_somebody_signs_in(
    ingestor: Reader, centre: DataCentre, news: Chat, reader: Account, word: str, cause: RefusalCause
):
    async with ingestor.keeper.process() as accounts:
        first = await ingestor.read_with(accounts, most=3)
        centre.refuse(reader, word)
        for _ in range(2):
            with pytest.raises(SourceRefused) as refused:
                await ingestor.read_with(accounts, after=first[-1])
            assert refused.value.cause == cause
    assert ingestor.keeper.states.states[NAME].state == cause
    calls = len(centre.calls)
    with pytest.raises(SourceRefused) as refused:  # another process
        await ingestor.read()
    assert (refused.value.cause, len(centre.calls)) == (cause, calls)
    centre.refuse(reader, None)
    ingestor.keeper.sign_in(centre, reader)
    assert ids(await ingestor.read(after=first[-1])) == list(range(201, 451))
    assert ingestor.keeper.states.states[NAME].state == "signed_in"


async def test_a_session_the_transport_does_not_know_needs_a_login(
    ingestor: Reader, centre: DataCentre, news: Chat, reader: Account
):
    centre.forget(reader)
    with pytest.raises(SourceRefused) as refused:
        await ingestor.read()
    assert refused.value.cause == "needs_login"


async def test_a_session_that_is_forgotten_while_it_is_used_needs_a_login(
    ingestor: Reader, centre: DataCentre, news: Chat, reader: Account
):
    async with ingestor.keeper.process() as accounts:
        await ingestor.read_with(accounts, limit=1)
        centre.forget(reader)
        with pytest.raises((SourceRefused, TransientError)):  # whichever hears of it first
            await ingestor.read_with(accounts, limit=1)
        with pytest.raises(SourceRefused) as refused:
            await ingestor.read_with(accounts, limit=1)
    assert refused.value.cause == "needs_login"


async def test_a_session_of_somebody_else_is_not_used(
    ingestor: Reader, centre: DataCentre, news: Chat, world: World, reader: Account
):
    stranger = world.account()
    session = ingestor.keeper.folder.read(NAME).model_copy(update={"user_id": stranger.id})
    ingestor.keeper.folder.write(session)
    with pytest.raises(SourceRefused, match="belongs to another user") as refused:
        await ingestor.read()
    assert refused.value.cause == "needs_login"
    assert centre.asked("messages.getHistory") == 0


async def test_nobody_is_signed_in(ingestor: Reader, centre: DataCentre, news: Chat):
    ingestor.keeper.folder.remove(NAME)
    with pytest.raises(SourceRefused) as refused:
        await ingestor.read()
    assert (refused.value.cause, centre.calls) == ("needs_login", [])


async def test_two_accounts_address_a_channel_each_in_its_own_way(
    ingestor: Reader, centre: DataCentre, news: Chat, world: World
):
    ingestor.keeper.sign_in(centre, world.account(), "second")
    with pytest.raises(SourceRefused, match="say which one"):
        await ingestor.read()
    assert ids(await ingestor.read(account="second", limit=2)) == [449, 450]
    assert ids(await ingestor.read(account=NAME, limit=2)) == [449, 450]
    assert centre.asked("contacts.resolveUsername") == 2


async def test_a_flood_while_connecting_parks(ingestor: Reader, centre: DataCentre, news: Chat, time: MovingClock):
    centre.faults.on("users.getUsers", None, flood(300))  # Telethon asks once by itself
    with pytest.raises(SourceParked) as parked:
        await ingestor.read(limit=1)
    assert parked.value.seconds == 300
    time.advance(302)
    assert ids(await ingestor.read(limit=1)) == [450]


async def test_a_connection_that_cannot_be_opened_is_tried_again_later(
    ingestor: Reader, centre: DataCentre, news: Chat
):
    centre.faults.on("users.getUsers", None, *[trouble()] * 10)
    with pytest.raises(TransientError, match="cannot be reached"):
        await ingestor.read(limit=1)
    centre.faults.clear("users.getUsers")
    assert ids(await ingestor.read(limit=1)) == [450]


async def test_a_connection_that_breaks_off_while_it_is_opened_is_mended(
    ingestor: Reader, centre: DataCentre, news: Chat
):
    centre.faults.on("users.getUsers", Dropped())
    assert ids(await ingestor.read(limit=1)) == [450]


async def test_no_connection_is_left_open_behind_a_process(
    ingestor: Reader, centre: DataCentre, news: Chat, reader: Account
):
    ingestor.keeper.patience = IMPATIENT
    async with ingestor.keeper.process() as accounts:
        await ingestor.read_with(accounts, limit=1)
        assert len(centre.of(reader)) == 1
        centre.faults.on("messages.getHistory", Silent())
        with pytest.raises(TransientError):
            await ingestor.read_with(accounts, limit=1)
    assert ids(await ingestor.read(limit=1)) == [450]
