"""What accounts need to know after a restart, on a real Postgres: chats, pauses, states, and what is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.projector import Projector
from tg_parser.chassis.settings import PostgresSettings
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.sources import SourceAdded, SourcePaused, SourceRead, SourceRemoved, SourceResumed
from tg_parser.ingestor.adapters.followed_projection import Followed, FollowedProjection, FollowedSources
from tg_parser.ingestor.adapters.standings import KeptStandings
from tg_parser.ingestor.adapters.telethon.accounts.states import AccountState, AccountStates
from tg_parser.ingestor.adapters.telethon.chat_store import StoredChats
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceParked

from .test_ingestor import projecting

pytestmark = pytest.mark.servers

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEWS = ChatRecord(
    channel_id="1001", access_hash=-(2**63), title="Новости", usernames=("news",), looked_back={10800: 5.5}, forum=True
)


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres_settings: PostgresSettings) -> AsyncIterator[Database]:
    async with open_database("test", postgres_settings) as opened:
        await opened.migrate("tg_parser.ingestor.migrations", "ingestor")
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def nowhere() -> AsyncIterator[Database]:
    async with open_database("lost", PostgresSettings.model_validate({"dsn": "postgresql://x@127.0.0.1:1/x"})) as lost:
        yield lost


async def test_a_chat_is_remembered_for_the_account_that_found_it(database: Database) -> None:
    chats = StoredChats(database)
    assert await chats.find("main", "1001") is None
    await chats.keep("main", NEWS)
    assert await chats.find("main", "1001") == NEWS
    assert await chats.find("second", "1001") is None
    renamed = NEWS.model_copy(update={"title": "Вести", "access_hash": 5})
    await chats.keep("main", renamed)
    assert await chats.find("main", "1001") == renamed


async def test_a_name_leads_where_it_led_last(database: Database) -> None:
    chats = StoredChats(database)
    assert await chats.named("main", "news") is None
    for channel_id in ("1001", "1002"):
        await chats.keep_name("main", "news", channel_id)
        assert await chats.named("main", "news") == channel_id
    assert await chats.named("second", "news") is None


async def test_chats_cannot_be_looked_up_while_postgres_is_away(nowhere: Database) -> None:
    with pytest.raises(TransientError, match="chats cannot be looked up"):
        await StoredChats(nowhere).find("main", "1001")
    with pytest.raises(TransientError, match="how an account stands"):
        await AccountStates(nowhere).of("main")


async def test_the_newest_state_of_an_account_is_kept(database: Database) -> None:
    states = AccountStates(database)
    assert await states.of("main") is None
    for state in (
        AccountState("main", "s1", "signed_in", "", NOON),
        AccountState("main", "s1", "needs_login", "Sign in again.", NOON + timedelta(hours=1)),
    ):
        await states.keep(state)
        assert await states.of("main") == state


async def test_a_pause_outlives_the_process_and_so_does_what_is_left_of_the_day(database: Database) -> None:
    limiter = Limiter(clock=lambda: NOON)
    kept = KeptStandings(database, limiter)
    await limiter.turn("resolveUsername", "main")
    limiter.flooded("getHistory", "main", 20_000)
    await kept.keep()
    restarted = Limiter(clock=lambda: NOON + timedelta(hours=1))
    await KeptStandings(database, restarted).restore()
    assert set(restarted.standings()) == set(limiter.standings())
    with pytest.raises(SourceParked) as parked:
        await restarted.turn("getHistory", "main")
    assert 16_400 <= parked.value.seconds <= 16_402
    await restarted.turn("getHistory", "second")


async def test_a_longer_pause_another_process_met_is_not_shortened(database: Database) -> None:
    limiters = [Limiter(clock=lambda: NOON) for _ in range(2)]
    for limiter, seconds in zip(limiters, (20_000, 100), strict=True):
        limiter.flooded("getHistory", "main", seconds)
        await KeptStandings(database, limiter).keep()
    restarted = Limiter(clock=lambda: NOON)
    await KeptStandings(database, restarted).restore()
    with pytest.raises(SourceParked) as parked:
        await restarted.turn("getHistory", "main")
    assert parked.value.seconds > 19_000


async def test_what_another_version_kept_is_left_alone(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO ingestor.standing VALUES ('getStars', 'main', '{}'), ('getHistory', 'x', '{\"pace\": \"?\"}')"
            )
        )
    limiter = Limiter(clock=lambda: NOON)
    await KeptStandings(database, limiter).restore()
    assert limiter.standings() == ()


async def test_pauses_that_cannot_be_kept_stop_nobody(nowhere: Database) -> None:
    limiter = Limiter(clock=lambda: NOON)
    limiter.flooded("getHistory", "main", 500)
    await KeptStandings(nowhere, limiter).keep()
    with pytest.raises(SourceParked):
        await limiter.turn("getHistory", "main")


def added(source_id: str = "news", **members: Any) -> SourceAdded:
    spec = SourceSpec(kind=members.pop("kind", "mtproto_history"), location="@news", **members.pop("spec", {}))
    follow: Any = members.pop("follow_every", 60)
    return SourceAdded(source_id=source_id, at=NOON, spec=spec, follow_every=follow, **members)


def read(state: Any = "ready", *channel_ids: str) -> SourceRead:
    return SourceRead(source_id="news", at=NOON, state=state, channel_ids=channel_ids)


NEW = Followed("news", "", ())
KNOWN = Followed("news", "", ("1001",))


@pytest.mark.parametrize(
    ("told", "followed"),
    [
        ([added()], [NEW]),
        ([added(follow_every=None)], []),
        ([added(kind="web_preview")], []),
        ([added(spec={"account": "second", "channel_id": "1001"})], [Followed("news", "second", ("1001",))]),
        ([added(), read("ready", "1001")], [KNOWN]),
        ([added(), read("ready", "1001"), read("parked")], [KNOWN]),
        ([added(), read("ready", "1001"), read("refused")], []),
        ([added(), read("refused"), SourceResumed(source_id="news", at=NOON)], [NEW]),
        ([added(), read("ready", "1001"), added()], [NEW]),
        ([added(), SourcePaused(source_id="news", at=NOON)], []),
        ([added(), SourcePaused(source_id="news", at=NOON), SourceResumed(source_id="news", at=NOON)], [NEW]),
        ([added(), SourceRemoved(source_id="news", at=NOON)], []),
        ([added(), SourceRemoved(source_id="news", at=NOON), added()], [NEW]),
        ([read("ready", "1001")], []),
    ],
)
async def test_what_is_followed_is_a_fold_of_what_was_told(
    database: Database, told: list[Any], followed: list[Followed]
) -> None:
    projection: Any = FollowedProjection()
    async with database.begin() as connection:
        await projection.apply(connection, [_Entry(fact) for fact in told])
    assert await FollowedSources(database, "mtproto_history")() == followed


class _Entry:
    """A recorded fact, as much of it as a fold looks at."""

    def __init__(self, message: Any) -> None:
        self.message = message


async def test_followed_sources_are_found_in_the_log(chassis: Chassis) -> None:
    database = chassis.require_database()
    await database.migrate("tg_parser.ingestor.migrations", "ingestor")
    heard: list[int] = []

    async def committed(batch: Any) -> None:
        heard.append(len(batch))

    projector = Projector(FollowedProjection(), chassis, committed=committed)
    await chassis.facts.tell(added())
    await chassis.facts.tell(read("ready", "1001"))
    async with projecting(projector):
        await projector.wait_until_current(timeout=20)
        assert await FollowedSources(database, "mtproto_history")() == [KNOWN]
    assert sum(heard) == 2
