"""One account's connection: opened when the session is ours, watched, closed for good when Telegram says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from telethon import errors
from telethon.tl import functions, types

from tg_parser.chassis.errors import Postponed, TransientError
from tg_parser.ingestor.adapters.telethon.accounts.caller import AccountCaller, Kept
from tg_parser.ingestor.adapters.telethon.accounts.line import LONGEST_PAUSE, Line
from tg_parser.ingestor.adapters.telethon.errors import Flooded
from tg_parser.ingestor.ports import SourceParked, SourceRefused
from tg_parser.testkit.waiting import eventually

from .fakes import Bench, FakeClient

REQUEST = functions.help.GetConfigRequest()


async def nothing() -> None:
    """Nobody keeps what the limiter learnt."""


async def ask(line: Line, kept: Kept = nothing) -> Any:
    return await AccountCaller(line, kept)(REQUEST, "getHistory", "@news")


async def test_the_session_is_ours_before_anything_is_connected() -> None:
    bench = Bench([FakeClient()])
    bench.leases.owner = "ingestor-7 on another machine"
    line = bench.line()
    with pytest.raises(Postponed, match="ingestor-7 on another machine") as raised:
        await line.opened()
    assert raised.value.retry_in == 30
    assert bench.made == 0


async def test_a_line_is_opened_once_for_all_who_ask() -> None:
    bench = Bench([FakeClient(answers=["a", "b", "c"])])
    line = bench.line()
    assert await asyncio.gather(*(ask(line) for _ in range(3))) == ["a", "b", "c"]
    assert (bench.made, line.openings) == (1, 1)
    await line.close()
    assert not bench.clients[0].connected
    assert bench.leases.events == ["taken", "given back"]


async def test_a_session_of_somebody_else_is_closed_at_once() -> None:
    bench = Bench([FakeClient(me=[types.User(id=701)])])
    line = bench.line()
    for _ in range(2):
        with pytest.raises(SourceRefused, match="another user") as raised:
            await line.opened()
        assert raised.value.cause == "needs_login"
    assert bench.made == 1
    assert not bench.clients[0].connected
    assert bench.leases.held == {}
    assert len(bench.ended) == 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.SessionRevokedError, "needs_login"),
        (errors.AuthKeyUnregisteredError, "needs_login"),
        (errors.AuthKeyDuplicatedError, "needs_login"),
        (errors.UserDeactivatedError, "needs_login"),
        (errors.UserDeactivatedBanError, "banned"),
    ],
)
@pytest.mark.parametrize("when", ["connecting", "me", "answers"])
async def test_a_session_that_has_ended_is_not_connected_with_again(
    error: Callable[..., Exception], cause: str, when: str
) -> None:
    raised = error(request=None)
    client = FakeClient()
    setattr(client, when, [raised] if when == "answers" else raised)
    bench = Bench([client])
    line = bench.line()
    for _ in range(2):
        with pytest.raises(SourceRefused) as refused:
            await ask(line)
        assert refused.value.cause == cause
    assert (bench.made, len(bench.ended)) == (1, 1)
    assert not client.connected
    assert bench.leases.held == {}


async def test_a_key_the_server_forgot_ends_the_session_even_while_nobody_asks() -> None:
    bench = Bench([FakeClient()])
    line = bench.line()
    await line.opened()
    bench.clients[0].end.set_result(errors.AuthKeyNotFound())
    await eventually(lambda: bench.leases.held == {})
    with pytest.raises(SourceRefused) as refused:
        await line.opened()
    assert refused.value.cause == "needs_login"
    assert bench.made == 1


async def test_a_connection_that_broke_is_opened_again() -> None:
    bench = Bench([FakeClient(), FakeClient(answers=["again"])])
    line = bench.line()
    await line.opened()
    bench.clients[0].end.set_result(ConnectionError())
    await eventually(lambda: not line.is_open)
    assert await ask(line) == "again"
    assert line.openings == 2
    assert bench.ended == []
    await line.close()


async def test_a_lost_lease_ends_the_connection() -> None:
    bench = Bench([FakeClient()])
    line = bench.line()
    await line.opened()
    (lease,) = bench.leases.held.values()
    lease.lost.set()
    await eventually(lambda: not bench.clients[0].connected)
    assert not line.is_open


async def test_nobody_is_asked_with_a_lease_that_could_not_be_confirmed() -> None:
    bench = Bench([FakeClient(answers=["too late"]), FakeClient(answers=["fresh"])])
    line = bench.line()
    await line.opened()
    bench.leases.time += 60  # this process stood still, and nobody has told it that the lease is gone
    assert await ask(line) == "fresh"
    assert bench.clients[0].asked == []
    assert not bench.clients[0].connected
    await line.close()


async def test_telethon_cancelling_its_own_calls_is_trouble_and_not_somebody_stopping_us() -> None:
    pending = asyncio.get_running_loop().create_future()
    bench = Bench([FakeClient(answers=[pending]), FakeClient(answers=["again"])])
    line = bench.line()
    asking = asyncio.create_task(ask(line))
    await eventually(lambda: bench.clients[0].asked)
    pending.cancel()
    with pytest.raises(TransientError, match="ended while it was in use"):
        await asking
    assert await ask(line) == "again"
    await line.close()


async def test_somebody_who_stops_us_is_obeyed() -> None:
    bench = Bench([FakeClient(answers=[asyncio.get_running_loop().create_future()])])
    line = bench.line()
    asking = asyncio.create_task(ask(line))
    await eventually(lambda: bench.clients[0].asked)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await line.close()


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    bench = Bench([FakeClient(answers=[asyncio.get_running_loop().create_future()])], request=0.01)
    line = bench.line()
    with pytest.raises(TransientError, match="does not answer"):
        await ask(line)
    await line.close()


async def test_a_server_that_cannot_be_reached_is_tried_again_after_ever_longer_pauses() -> None:
    bench = Bench([FakeClient(connecting=ConnectionError("refused")) for _ in range(12)])
    line = bench.line()
    pauses: list[float] = []
    for _ in range(12):
        with pytest.raises(TransientError, match="cannot be reached") as raised:
            await line.opened()
        pauses.append(raised.value.retry_in)
        bench.now += raised.value.retry_in
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE
    assert bench.leases.held == {}


async def test_between_two_attempts_nothing_is_connected() -> None:
    bench = Bench([FakeClient(connecting=OSError()), FakeClient()])
    line = bench.line()
    for _ in range(3):
        with pytest.raises(TransientError):
            await line.opened()
    assert bench.made == 1
    bench.now += 1
    await line.opened()
    assert bench.made == 2
    await line.close()


async def test_a_pause_asked_for_while_connecting_parks_the_source() -> None:
    bench = Bench([FakeClient(me=errors.FloodWaitError(request=None, capture=500)), FakeClient()])
    line = bench.line()
    for _ in range(2):
        with pytest.raises(SourceParked):
            await line.opened()
    assert bench.made == 1


async def test_a_flood_is_kept_before_anybody_hears_of_it() -> None:
    bench = Bench([FakeClient(answers=[errors.FloodWaitError(request=None, capture=20_000)])])
    line, kept = bench.line(), list[int]()

    async def keep() -> None:
        kept.append(len(bench.limiter.standings()))

    with pytest.raises(Flooded) as flood:
        await ask(line, keep)
    assert (flood.value.seconds, flood.value.account) == (20_000, "main")
    assert kept
    assert kept[0] > 0
    with pytest.raises(SourceParked):
        await ask(line)
    assert len(bench.clients[0].asked) == 1
    await line.close()


async def test_a_kind_nobody_knows_is_left_to_the_reader_of_histories() -> None:
    bench = Bench([FakeClient(answers=[errors.TypeNotFoundError(0xDEADBEEF, b"")])])
    line = bench.line()
    with pytest.raises(errors.TypeNotFoundError):
        await ask(line)
    await line.close()


@pytest.mark.parametrize(
    ("error", "cause"), [(errors.ChannelPrivateError, "private"), (errors.UsernameNotOccupiedError, "not_found")]
)
async def test_what_telegram_refuses_of_one_chat_does_not_end_the_line(
    error: Callable[..., Exception], cause: str
) -> None:
    bench = Bench([FakeClient(answers=[error(request=None), "fine"])])
    line = bench.line()
    with pytest.raises(SourceRefused) as refused:
        await ask(line)
    assert refused.value.cause == cause
    assert await ask(line) == "fine"
    await line.close()
