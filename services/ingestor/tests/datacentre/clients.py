"""Unmodified Telethon, connected to the data centre."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telethon import TelegramClient, events
from telethon.errors import AuthKeyError, AuthKeyNotFound, TypeNotFoundError, UnauthorizedError
from telethon.sessions import StringSession
from telethon.tl import functions, types

from tg_parser.testkit.datacentre import Account, Chat, DataCentre

Client = Any
"""A `TelegramClient`. What its methods return, Telethon annotates wrongly or not at all."""
LONGEST = 10  # seconds a test waits for something to arrive


@asynccontextmanager
async def connected(session: StringSession, **options: Any) -> AsyncIterator[Client]:
    """A client that neither sleeps through floods nor waits before it connects again."""
    defaults: dict[str, Any] = {"flood_sleep_threshold": 0, "retry_delay": 0, "request_retries": 1}
    client: Client = TelegramClient(session, 1, "hash", **(defaults | options))
    await client.connect()
    try:
        yield client
    finally:
        await _end(client)


def session_of(centre: DataCentre, account: Account) -> StringSession:
    """A session of somebody who is signed in. One that is used again keeps how far its client has heard."""
    return StringSession(centre.session_for(account))


def new_session(centre: DataCentre) -> StringSession:
    """A session of somebody who has never been here."""
    session = StringSession()
    session.set_dc(2, "127.0.0.1", centre.port)
    return session


def peer_of(chat: Chat, account: Account) -> Any:
    """How an account addresses a chat."""
    if chat.kind == "group":
        return types.InputPeerChat(chat.id)
    return types.InputPeerChannel(chat.id, account.hash_of(f"channel{chat.id}"))


def history_of(chat: Chat, account: Account, *, limit: int = 100, **members: Any) -> Any:
    """A request for a page of a history."""
    defaults: dict[str, Any] = dict.fromkeys(("offset_id", "add_offset", "max_id", "min_id", "hash"), 0)
    defaults |= {"offset_date": None}
    return functions.messages.GetHistoryRequest(peer=peer_of(chat, account), limit=limit, **(defaults | members))


class Heard:
    """What a client is told without asking."""

    def __init__(self, client: Client) -> None:
        self._updates: asyncio.Queue[Any] = asyncio.Queue()
        client.add_event_handler(self._hear, events.Raw())

    @property
    def empty(self) -> bool:
        """Whether nothing has come that was not taken."""
        return self._updates.empty()

    async def _hear(self, update: Any) -> None:
        self._updates.put_nowait(update)

    async def next(self, kind: type[Any]) -> Any:
        """The next update of a kind; others are passed over."""
        async with asyncio.timeout(LONGEST):
            while not isinstance(update := await self._updates.get(), kind):
                pass
        return update

    async def next_new(self) -> int:
        """The id of the next new message of a channel."""
        return (await self.next(types.UpdateNewChannelMessage)).message.id


async def _end(client: Client) -> None:
    """Disconnect. What a client could not recover from, it says again now; the test has seen it."""
    try:
        await client.disconnect()
    except (UnauthorizedError, AuthKeyError, AuthKeyNotFound, TypeNotFoundError, ConnectionError):
        return
