"""What is live becomes a hint, never data, and not too many of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon.tl import types

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.errors import PublishFailed, TransientError
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import SourceHinted
from tg_parser.ingestor.adapters.followed_projection import Followed
from tg_parser.ingestor.adapters.telethon.hints import Hints, channel_of
from tg_parser.ingestor.ports import SourceRefused
from tg_parser.testkit.waiting import eventually

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANNEL = types.PeerChannel(1001)


def new(number: int = 1, peer: Any = CHANNEL) -> Any:
    return types.UpdateNewChannelMessage(types.Message(id=number, peer_id=peer, date=NOON, message="x"), 1, 1)


@dataclass
class Told:
    """Facts in memory; `failures`: how many are not taken first."""

    facts: list[Fact] = field(default_factory=list[Fact])
    failures: int = 0

    async def tell(self, fact: Fact) -> int:
        if self.failures:
            self.failures -= 1
            raise PublishFailed("The server did not answer.")
        self.facts.append(fact)
        return len(self.facts)

    @property
    def sources(self) -> list[str]:
        return [fact.source_id for fact in self.facts if isinstance(fact, SourceHinted)]


@dataclass
class Accounts:
    """Accounts that listen; `openings`: how often each has begun to, or what stands in the way."""

    openings: dict[str, int | Exception] = field(default_factory=lambda: {"main": 1})
    asked: list[str] = field(default_factory=list[str])

    async def name_of(self, account: str) -> str:
        if account == "gone":
            raise SourceRefused("Several accounts are signed in.")
        return account or "main"

    async def listening(self, account: str) -> int:
        self.asked.append(account)
        found = self.openings[account]
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Bench:
    sources: list[Followed] = field(default_factory=lambda: [Followed("news", "", ("1001",))])
    told: Told = field(default_factory=Told)
    accounts: Accounts = field(default_factory=Accounts)
    now: datetime = NOON
    hints: Hints = field(init=False)

    def __post_init__(self) -> None:
        self.hints = Hints(self.followed, self.told, lambda: self.now, 15)

    async def followed(self) -> list[Followed]:
        return self.sources

    async def hear(self, *updates: Any, account: str = "main") -> None:
        for update in updates:
            self.hints.hears(account)(update)
        await self.hints.tell_due()

    async def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await self.hints.tell_due()


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.hints.look(made.accounts)
    return made


@pytest.mark.parametrize(
    ("update", "chat"),
    [
        (new(), "1001"),
        (types.UpdateEditChannelMessage(new().message, 1, 1), "1001"),
        (types.UpdateDeleteChannelMessages(1001, [5], 1, 1), "1001"),
        (types.UpdateChannelTooLong(1001), "1001"),
        (types.UpdateNewMessage(new(peer=types.PeerChat(7)).message, 1, 1), "chat7"),
        (types.UpdateEditMessage(new(peer=types.PeerChat(7)).message, 1, 1), "chat7"),
        (types.UpdateNewMessage(new(peer=types.PeerUser(7)).message, 1, 1), None),
        (types.UpdateNewChannelMessage(types.MessageEmpty(1, None), 1, 1), None),
        (types.UpdateDeleteMessages([5], 1, 1), None),
        (types.UpdateChannelMessageViews(1001, 5, 100), None),
        (types.UpdateUserStatus(1, types.UserStatusEmpty()), None),
    ],
)
def test_an_update_names_the_chat_that_has_something_new(update: Any, chat: str | None) -> None:
    assert channel_of(update) == chat


async def test_a_post_is_a_hint_for_every_source_that_holds_its_channel(bench: Bench) -> None:
    bench.sources += [Followed("again", "main", ("7", "1001")), Followed("other", "", ("8",))]
    await bench.hints.look(bench.accounts)
    await bench.hear(new())
    assert sorted(bench.told.sources) == ["again", "news"]


async def test_a_burst_is_one_hint_at_once_and_one_when_it_is_time_again(bench: Bench) -> None:
    await bench.hear(*(new(number) for number in range(50)))
    assert bench.told.sources == ["news"]
    await bench.hear(*(new(number) for number in range(50)))
    await bench.later(14)
    assert bench.told.sources == ["news"]
    await bench.later(1)
    assert bench.told.sources == ["news", "news"]
    await bench.later(60)
    assert len(bench.told.sources) == 2


async def test_what_is_not_followed_or_heard_by_another_account_is_no_hint(bench: Bench) -> None:
    await bench.hear(new(peer=types.PeerChannel(2002)))
    await bench.hear(new(), account="second")
    bench.sources = []
    await bench.hints.look(bench.accounts)
    await bench.hear(new())
    assert bench.told.facts == []


async def test_a_hint_that_could_not_be_told_is_told_later(bench: Bench) -> None:
    bench.told.failures = 1
    await bench.hear(new())
    assert bench.told.facts == []
    await bench.later(5)
    assert bench.told.sources == ["news"]


async def test_only_accounts_with_followed_sources_listen(bench: Bench) -> None:
    bench.sources = [Followed("news", "second", ("1001",)), Followed("nobody's", "gone", ("5",))]
    bench.accounts.openings["second"] = 1
    bench.accounts.asked.clear()
    await bench.hints.look(bench.accounts)
    assert bench.accounts.asked == ["second"]


async def test_after_a_pause_in_listening_everything_followed_is_looked_at(bench: Bench) -> None:
    await bench.hints.look(bench.accounts)
    await bench.hints.tell_due()
    assert bench.told.facts == []
    bench.accounts.openings["main"] = TransientError("Telegram cannot be reached.")
    await bench.hints.look(bench.accounts)
    bench.accounts.openings["main"] = 2
    await bench.hints.look(bench.accounts)
    await bench.hints.tell_due()
    assert bench.told.sources == ["news"]


async def test_an_account_that_needs_a_login_stops_nobody_else_from_listening(bench: Bench) -> None:
    bench.sources.append(Followed("second", "second", ("7",)))
    bench.accounts.openings = {"main": SourceRefused("Sign in again.", "needs_login"), "second": 1}
    await bench.hints.look(bench.accounts)
    await bench.hear(new(peer=types.PeerChannel(7)), account="second")
    assert bench.told.sources == ["second"]


async def test_the_tasks_learn_of_sources_and_tell_of_news_by_themselves() -> None:
    bench = Bench(sources=[])
    tasks = [asyncio.create_task(bench.hints.listen(bench.accounts)), asyncio.create_task(bench.hints.run())]
    try:
        await asyncio.sleep(0)
        bench.sources = [Followed("news", "", ("1001",))]
        await bench.hints.changed()
        await eventually(lambda: bench.accounts.asked)
        bench.hints.hears("main")(new())
        await eventually(lambda: bench.told.sources == ["news"])
    finally:
        await cancelled(tasks)
