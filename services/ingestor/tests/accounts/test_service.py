"""The whole ingestor over a Telegram of our own: jobs in, facts out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from sqlalchemy import text
from telethon.tl import types

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import Postponed
from tg_parser.chassis.settings import NatsSettings, PostgresSettings
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import IngestSource
from tg_parser.contracts.messages import IngestCompleted, IngestRefused, MessageEdited, MessageIngested, SourceSpec
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import AccountStateChanged, FloodWaited, SourceAdded, SourceHinted, SourceRead
from tg_parser.ingestor.adapters.telethon.accounts.client import connection
from tg_parser.ingestor.adapters.telethon.accounts.opening import open_accounts
from tg_parser.ingestor.budgets import Budget, Budgets
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.main import build
from tg_parser.ingestor.settings import AccountSettings, IngestorSettings
from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World
from tg_parser.testkit.datacentre.faults import Dropped
from tg_parser.testkit.datacentre.refusals import flood, refusal
from tg_parser.testkit.waiting import eventually

from .signed_in import sign_in

pytestmark = pytest.mark.servers

M = TypeVar("M", bound=Message)
SPEC = SourceSpec(kind="mtproto_history", location="@news", source_id="news")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the ingestor runs on, and what it tells there."""

    chassis: Chassis
    settings: IngestorSettings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The built service, while the block lasts."""
        async with build(self.settings) as service:
            stop = asyncio.Event()
            task = asyncio.create_task(service.run(stop))
            await service.started()
            try:
                yield
            finally:
                stop.set()
                await task

    async def ask(self, workflow_id: str, spec: SourceSpec = SPEC) -> None:
        """Give the job of reading a source."""
        job = IngestSource(workflow_id=workflow_id, source=spec, page_size=100)
        envelope = Envelope(
            id=f"job-{workflow_id}",
            type=job.wire_type(),
            source="test",
            time=self.chassis.clock(),
            workflow_id=workflow_id,
        )
        subject = subjects.job_subject(IngestSource, "interactive", workflow_id)
        await self.chassis.publisher.publish(subject, encode(job), envelope.headers())

    async def told(self, kind: type[M], number: int = 1) -> list[M]:
        """The facts of a kind, once there are so many."""

        async def enough() -> list[M]:
            found = await self.facts(kind)
            return found if len(found) >= number else []

        return await eventually(enough, timeout=30)

    async def facts(self, kind: type[M]) -> list[M]:
        """The facts of a kind that have been told."""
        found = await self.chassis.log.read_range(subjects.FACTS, subjects.FACT_SUBJECTS, from_seq=1, limit=10_000)
        return [entry.message for entry in found if isinstance(entry.message, kind)]

    async def rows(self, statement: str) -> list[Any]:
        """Rows of the ingestor's tables."""
        async with self.chassis.require_database().begin() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]


@pytest_asyncio.fixture(loop_scope="session")
async def bench(
    chassis: Chassis,
    nats_settings: NatsSettings,
    postgres_settings: PostgresSettings,
    telegram: AccountSettings,
    news: Chat,
) -> Bench:
    budgets = Budgets(get_history=Budget(rate=100, burst=100), get_messages=Budget(rate=100, burst=100))
    settings = IngestorSettings(nats=nats_settings, postgres=postgres_settings, telegram=telegram, budgets=budgets)
    return Bench(chassis, settings)


async def test_a_channel_becomes_facts_and_only_what_is_new_of_it_the_next_time(
    bench: Bench, centre: DataCentre, reader: Account, news: Chat, world: World
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    async with bench.running():
        await bench.ask("w1")
        (first,) = await bench.told(IngestCompleted)
        assert (first.ingested, first.known, first.truncated) == (250, 0, None)
        world.post(news, "Запись 251")
        world.edit(news, 250, "Исправлено")
        await bench.ask("w2")
        _, second = await bench.told(IngestCompleted, 2)
        assert (second.ingested, second.edited) == (1, 1)
    assert [fact.message.message_id for fact in await bench.facts(MessageIngested)] == [*range(1, 252)]
    assert [fact.message.text for fact in await bench.facts(MessageEdited)] == ["Исправлено"]
    assert centre.asked("contacts.resolveUsername") == 1
    (state,) = await bench.facts(AccountStateChanged)
    assert (state.account, state.state) == ("main", "signed_in")
    assert not centre.of(reader)


async def test_without_an_account_a_source_is_refused_and_nothing_else_happens(
    bench: Bench, centre: DataCentre
) -> None:
    async with bench.running():
        await bench.ask("w1")
        (refused,) = await bench.told(IngestRefused)
    assert (refused.cause, refused.reason) == (
        "needs_login",
        "No Telegram account is signed in here. `tg-parser login` signs one in.",
    )
    (state,) = await bench.facts(SourceRead)
    assert (state.state, state.cause) == ("refused", "needs_login")
    assert centre.calls == []


@pytest.mark.parametrize("word", ["SESSION_REVOKED", "AUTH_KEY_DUPLICATED", "USER_DEACTIVATED_BAN"])
async def test_a_session_telegram_has_ended_is_never_tried_again_until_there_is_a_new_one(
    bench: Bench, centre: DataCentre, reader: Account, word: str
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    centre.refuse(reader, word)
    async with bench.running():
        await bench.ask("w1")
        (refused,) = await bench.told(SourceRead)
        assert (refused.state, refused.cause) == ("refused", "banned" if word.endswith("BAN") else "needs_login")
        asked = len(centre.calls)
        await bench.ask("w2")
        await bench.told(IngestRefused, 2)
    async with bench.running():
        await bench.ask("w3")
        await bench.told(IngestRefused, 3)
        assert len(centre.calls) == asked
        centre.refuse(reader, None)
        sign_in(bench.settings.telegram, centre, reader)
        await bench.ask("w4")
        (end,) = await bench.told(IngestCompleted)
    assert end.ingested == 250
    assert [fact.state for fact in await bench.facts(AccountStateChanged)] == [
        "banned" if word.endswith("BAN") else "needs_login",
        "signed_in",
    ]


async def test_a_session_that_is_ended_in_the_middle_refuses_what_is_read(
    bench: Bench, centre: DataCentre, reader: Account
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    centre.faults.on("messages.getHistory", None, None, refusal("SESSION_REVOKED"))
    async with bench.running():
        await bench.ask("w1")
        (refused,) = await bench.told(IngestRefused)
    assert (refused.cause, refused.reason) == ("needs_login", "The account main is signed out. Sign in again.")
    assert [fact.state for fact in await bench.facts(AccountStateChanged)] == ["signed_in", "needs_login"]


async def test_a_pause_of_hours_parks_the_source_and_outlives_the_process(
    bench: Bench, centre: DataCentre, reader: Account
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    centre.faults.on("messages.getHistory", flood(20_000))
    async with bench.running():
        await bench.ask("w1")
        (parked,) = await bench.told(SourceRead)
        assert (parked.state, parked.cause) == ("parked", "parked")
        assert parked.until is not None
        assert 19_900 < (parked.until - datetime.now(UTC)).total_seconds() < 20_100
        floods = await bench.told(FloodWaited, 2)
        assert [(told.account, told.method, told.parked) for told in floods] == [
            ("main", "getHistory", False),
            ("main", "getHistory", True),
        ]
    asked = centre.asked("messages.getHistory")
    async with bench.running():
        await bench.ask("w2")
        await bench.told(SourceRead, 2)
    assert centre.asked("messages.getHistory") == asked
    ((blocked,),) = await bench.rows(
        "SELECT (bucket->>'blocked_until')::float - extract(epoch from now()) FROM ingestor.standing "
        "WHERE account = 'main' AND method = 'getHistory'"
    )
    assert 19_800 < blocked < 20_100


async def test_something_new_in_a_followed_source_is_a_hint(
    bench: Bench, centre: DataCentre, reader: Account, news: Chat, world: World
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    now = bench.chassis.clock()
    await bench.chassis.facts.tell(SourceAdded(source_id="news", at=now, spec=SPEC, follow_every=3600))
    await bench.chassis.facts.tell(
        SourceRead(source_id="news", at=now, state="ready", channel_ids=(str(news.id),), messages=250)
    )
    async with bench.running():
        await eventually(lambda: centre.asked("updates.getState"))
        world.post(news, "Срочно")
        (hint,) = await bench.told(SourceHinted)
        assert hint.source_id == "news"
        world.post(news, "И ещё")
        world.post(world.chat("Другой", of=[reader]), "Не наше")
    assert len(await bench.facts(SourceHinted)) == 1
    assert await bench.facts(MessageIngested) == []


async def test_another_process_is_told_who_has_the_session_and_does_not_connect(
    bench: Bench, centre: DataCentre, reader: Account
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    async with bench.running():
        await bench.ask("w1")
        await bench.told(IngestCompleted)
        asked, limiter = len(centre.calls), Limiter()
        async with open_accounts(bench.chassis, bench.settings.telegram, limiter, _unkept) as others:
            with pytest.raises(Postponed, match=r"The account main is in use by ingestor-\d+-\w+ on "):
                await others.of("main")
        assert len(centre.calls) == asked
    async with open_accounts(bench.chassis, bench.settings.telegram, limiter, _unkept) as others:
        assert (await others.of("")).account == "main"
    assert await bench.rows("SELECT holder, generation FROM ingestor.session_lease") == [("", 2)]


async def _unkept() -> None:
    """Nobody keeps what this limiter learns."""


async def test_connections_that_break_in_the_middle_lose_and_double_nothing(
    bench: Bench, centre: DataCentre, reader: Account
) -> None:
    sign_in(bench.settings.telegram, centre, reader)
    centre.faults.on("messages.getHistory", None, None, Dropped("before"), None, Dropped("after"))
    async with bench.running():
        await bench.ask("w1")
        (end,) = await bench.told(IngestCompleted)
    assert (end.ingested, end.truncated) == (250, None)
    assert [fact.message.message_id for fact in await bench.facts(MessageIngested)] == [*range(1, 251)]


async def test_what_telethon_was_not_told_is_at_least_a_hint_and_its_own_questions_wait_their_turn(
    centre: DataCentre, telegram: AccountSettings, reader: Account, news: Chat, world: World
) -> None:
    heard: list[Any] = []
    limiter = Limiter()
    client = connection(telegram, sign_in(telegram, centre, reader), limiter, heard.append)
    await client.connect()
    try:
        world.post(news, "Живая")
        await eventually(lambda: [update for update in heard if isinstance(update, types.UpdateNewChannelMessage)])
        world.listeners.clear()  # nothing is pushed for a while
        world.fill(news, world.too_long_after + 1)
        world.listeners.append(centre.tell)
        world.post(news, "После")
        await eventually(lambda: [update for update in heard if isinstance(update, types.UpdateChannelTooLong)])
    finally:
        await client.disconnect()
    assert any(standing.method == "getDifference" for standing in limiter.standings())
