"""A stand-in for Telegram's data centre on a loopback port. An unmodified Telethon signs in to it, reads and listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon.sessions import StringSession
from telethon.tl import types

from tg_parser.testkit.datacentre.answering import Answering
from tg_parser.testkit.datacentre.calls import Asked
from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.connection import Connection
from tg_parser.testkit.datacentre.differences import differences
from tg_parser.testkit.datacentre.directory import directory
from tg_parser.testkit.datacentre.faults import Faults
from tg_parser.testkit.datacentre.histories import histories
from tg_parser.testkit.datacentre.joining import joining
from tg_parser.testkit.datacentre.keys import Keyring, KnownKey, server_key, trusting
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.settings import HOST, NUMBER, exports, settings
from tg_parser.testkit.datacentre.sign_in import SignIn
from tg_parser.testkit.datacentre.world import World


@dataclass(slots=True, eq=False)
class DataCentre:
    """The data centre: what it shows (`world`), what it was asked (`calls`), and what goes wrong with it (`faults`)."""

    world: World
    port: int = 0
    keyring: Keyring = field(default_factory=Keyring)
    connections: set[Connection] = field(default_factory=set[Connection])
    answering: Answering = field(init=False)
    _sign_in: SignIn = field(init=False)

    def __post_init__(self) -> None:
        self._sign_in = SignIn(self.world, self.keyring, self._told_of_token)
        everything = (
            self._sign_in.methods, directory(self.world), histories(self.world), joining(self.world),
            differences(self.world), settings(lambda: self.port, self.world.now), exports(),
        )  # fmt: skip
        self.answering = Answering({request: method for methods in everything for request, method in methods.items()})

    @property
    def faults(self) -> Faults:
        """What goes wrong on demand."""
        return self.answering.faults

    @property
    def calls(self) -> list[Asked]:
        """All calls that came, in order."""
        return self.answering.calls

    @property
    def public_key_pem(self) -> str:
        """What a client has to trust to exchange a key, as PKCS#1 PEM."""
        return server_key().pem

    def session_for(self, account: Account) -> str:
        """A new `StringSession` of somebody who is signed in."""
        session = StringSession()
        session.set_dc(NUMBER, HOST, self.port)
        session.auth_key = self.keyring.make(account).key
        return session.save()

    def asked(self, method: str) -> int:
        """How often a method was called."""
        return sum(call.method == method for call in self.calls)

    def of(self, account: Account) -> list[Connection]:
        """The connections of an account."""
        return [one for one in self.connections if one.known and one.known.account is account]

    def accept(self, token: bytes, account: Account) -> None:
        """Do what a phone does on which `account` is signed in, when it scans a QR code. Raises Refused."""
        self._sign_in.accept(token, account)

    def drop(self, account: Account) -> None:
        """End the connections of an account."""
        for connection in self.of(account):
            connection.close()

    def refuse(self, account: Account, word: str | None) -> None:
        """Answer every call of an account's sessions with an error, such as SESSION_REVOKED; None: with answers again."""
        for known in self.keyring.of(account):
            known.refusal = word

    def forget(self, account: Account) -> None:
        """Know the keys of an account no more."""
        for known in self.keyring.of(account):
            self.keyring.forget(known)

    def change_salts(self, account: Account) -> None:
        """Refuse what is sealed with the salts an account's sessions use now."""
        for known in self.keyring.of(account):
            known.next_salt()

    def tell(self, account: Account, update: Any, chats: Sequence[Chat]) -> None:
        """Push an update to those of an account's sessions that want updates."""
        news = types.Updates([update], [], [chat.shown_to(account) for chat in chats], self.world.now(), 0)
        for connection in self.of(account):
            if connection.listens:
                connection.tell(news)

    def _told_of_token(self, waiting: KnownKey) -> None:
        for connection in self.connections:
            if connection.known is waiting and connection.listens:
                connection.tell(types.UpdateShort(types.UpdateLoginToken(), self.world.now()))


@asynccontextmanager
async def data_centre(world: World) -> AsyncIterator[DataCentre]:
    """The data centre, listening on a free port until the block ends. Within it Telethon's clients trust its key alone."""
    centre = DataCentre(world)
    serving: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        connection = Connection(centre.keyring, writer, centre.answering.take)
        centre.connections.add(connection)
        try:
            await connection.serve(reader)
        except ConnectionError:
            return  # the client has gone, or speaks something else
        finally:
            centre.connections.discard(connection)
            writer.close()
            serving.discard(task)

    server = await asyncio.start_server(handle, HOST, 0)
    centre.port = server.sockets[0].getsockname()[1]
    world.listeners.append(centre.tell)
    try:
        async with server:
            with trusting(centre.public_key_pem):
                yield centre
            for connection in list(centre.connections):
                connection.close()
            await asyncio.gather(*serving)
    finally:
        world.listeners.remove(centre.tell)
