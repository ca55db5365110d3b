"""What the reader relies on, of any MTProto server: our own data centre, and a real one if the environment leads to it.

A real one takes `MTPROTO_ADDRESS` (an IP address), `MTPROTO_PORT`, `MTPROTO_DC`, `MTPROTO_KEY_FILE` (its RSA public key in
PEM), `MTPROTO_API_ID`, `MTPROTO_API_HASH`, `MTPROTO_SESSION` (a Telethon session string of an account) and
`MTPROTO_CHANNEL` (the user name of a channel with at least 150 posts that this account can read). Nothing is written there.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telethon import TelegramClient
from telethon.tl import functions

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.accounts.client import connection, disconnected, options, trust_server
from tg_parser.ingestor.adapters.telethon.accounts.line import Closed, Line, Patience
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, folder_of
from tg_parser.ingestor.adapters.telethon.source import TelegramHistory
from tg_parser.ingestor.budgets import Budget, Budgets
from tg_parser.ingestor.domain import MessageSeen, Page
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceRefused, Start
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import World, data_centre

from ..telethon.world import Remembered
from .fakes import FakeLeases
from .signed_in import settings_for
from .test_callers import States

NEEDED = (
    "MTPROTO_ADDRESS",
    "MTPROTO_PORT",
    "MTPROTO_DC",
    "MTPROTO_KEY_FILE",
    "MTPROTO_API_ID",
    "MTPROTO_API_HASH",
    "MTPROTO_SESSION",
    "MTPROTO_CHANNEL",
)
UNHURRIED = Budgets(get_history=Budget(rate=1000, burst=1000))
"""For our own server: a real one is asked as carefully as ever."""


@dataclass
class Server:
    """A server, and a reader that is signed in to it and knows nothing yet."""

    settings: AccountSettings
    credentials: tuple[int, SecretStr]
    channel: str
    accounts: Accounts
    chats: Remembered = field(default_factory=Remembered)
    covered: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        return self.covered

    async def read(
        self, location: str = "", *, size: int = 100, after: Page | None = None, **members: Any
    ) -> list[Page]:
        """A reading of the channel's 150 newest posts, unless something else is said."""
        wanted: dict[str, Any] = {"limit": 150} | members
        spec = SourceSpec(kind="mtproto_history", location=location or self.channel, **wanted)
        start = Start(self.coverage, after.cursor if after else 0, after.resume if after else "")
        source = TelegramHistory(self.accounts, self.chats, lambda: datetime.now(UTC))
        async with aclosing(source.pages(spec, start, page_size=size)) as pages:
            return [page async for page in pages]


def posts(pages: Sequence[Page]) -> list[int]:
    """The ids of what was read, in the order it came."""
    return [item.message.message_id for page in pages for item in page.items if isinstance(item, MessageSeen)]


@pytest.fixture(params=["ours", "real"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        real = request.param == "real"
        opened = _real(tmp_path) if real else await _ours(stack, tmp_path)
        made = await _signed_in(*opened, Limiter() if real else Limiter(UNHURRIED))
        stack.push_async_callback(made.accounts.close)
        yield made


async def _ours(stack: AsyncExitStack, folder: Path) -> tuple[AccountSettings, tuple[int, SecretStr], SecretStr, str]:
    world = World()
    reader = world.account()
    world.fill(world.chat("Новости", username="news", of=[reader]), 180)
    centre = await stack.enter_async_context(data_centre(world))
    session = SecretStr(centre.session_for(reader))
    return settings_for(centre, folder), (1, SecretStr("hash")), session, "@news"


def _real(folder: Path) -> tuple[AccountSettings, tuple[int, SecretStr], SecretStr, str]:
    given = {name: os.environ.get(name, "") for name in NEEDED}
    missing = [name for name in NEEDED if not given[name]]
    if missing:
        pytest.skip(f"no real MTProto server is named: {', '.join(missing)} not set")
    settings = AccountSettings.model_validate(
        {
            "sessions": folder / "sessions",
            "server_dc": given["MTPROTO_DC"],
            "server_address": given["MTPROTO_ADDRESS"],
            "server_port": given["MTPROTO_PORT"],
            "server_key_file": given["MTPROTO_KEY_FILE"],
        }
    )
    credentials = (int(given["MTPROTO_API_ID"]), SecretStr(given["MTPROTO_API_HASH"]))
    return settings, credentials, SecretStr(given["MTPROTO_SESSION"]), given["MTPROTO_CHANNEL"]


async def _signed_in(
    settings: AccountSettings, credentials: tuple[int, SecretStr], secret: SecretStr, channel: str, limiter: Limiter
) -> Server:
    trust_server(settings.server_key_file)
    client: Any = TelegramClient(**options(settings, secret, credentials), receive_updates=False)
    await client.connect()
    me = await client.get_me()
    await disconnected(client)
    session = Session(account="main", user_id=me.id, api_id=credentials[0], api_hash=credentials[1], secret=secret)
    folder = folder_of(settings)
    folder.write(session)
    leases = FakeLeases()

    def line(session: Session, closed: Closed) -> Line:
        make = partial(connection, settings, session, limiter, None)
        return Line(session, make, leases, limiter, Patience(30, 30), closed, lambda: 0.0)

    async def kept() -> None:
        """Nobody keeps pauses here."""

    accounts = Accounts(folder, States(), line, kept, lambda: datetime.now(UTC))
    return Server(settings, credentials, channel, accounts)


async def test_a_channel_is_read_upwards_to_its_newest_post(server: Server) -> None:
    pages = await server.read()
    found = posts(pages)
    assert found == sorted(set(found))
    assert len(found) > 100
    assert [page.end is not None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].end is not None
    assert pages[-1].end.truncated is None
    covered = sorted((stretch.first, stretch.last) for page in pages for stretch in page.covered)
    assert all(any(first <= number <= last for first, last in covered) for number in found)


async def test_the_same_is_read_whatever_the_size_of_a_page_and_wherever_one_goes_on(server: Server) -> None:
    whole = await server.read()
    assert posts(await server.read(size=40)) == posts(whole)
    middle = next(number for number, page in enumerate(whole) if page.resume)
    assert posts(await server.read(after=whole[middle])) == posts(whole[middle + 1 :])


async def test_what_is_covered_is_not_read_again_but_for_what_is_recent(server: Server) -> None:
    first = await server.read()
    server.covered = [(1, posts(first)[-1])]
    again = posts(await server.read())
    assert set(again) <= set(posts(first)) | set(range(posts(first)[-1], posts(first)[-1] + 1000))
    assert len(server.chats.names) == 1


async def test_a_name_nobody_has_is_refused(server: Server) -> None:
    with pytest.raises(SourceRefused) as refused:
        await server.read("@nobody_has_this_name_42")
    assert refused.value.cause == "not_found"


async def test_a_new_client_agrees_on_a_key_and_is_nobody_yet(server: Server) -> None:
    client: Any = TelegramClient(**options(server.settings, SecretStr(""), server.credentials), receive_updates=False)
    try:
        await client.connect()
        assert (await client(functions.help.GetConfigRequest())).this_dc == server.settings.server_dc
        assert not await client.is_user_authorized()
    finally:
        await disconnected(client)
