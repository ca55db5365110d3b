"""Telethon's client, set up so that nothing in it sleeps, waits for ever or asks beyond our budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from pydantic import SecretStr
from telethon import TelegramClient, errors, events
from telethon.crypto import rsa
from telethon.sessions import StringSession
from telethon.tl import TLRequest, functions, types

from tg_parser.chassis.errors import PermanentError
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceParked
from tg_parser.ingestor.settings import AccountSettings

TEST_SERVER: Final = (2, "149.154.167.40", 80)
"""Telegram's test servers: accounts of their own, numbers such as +99966XYYYY."""
SCHEMES: Final = frozenset({"socks5", "socks4", "http"})
DIFFERENCES: Final = (functions.updates.GetDifferenceRequest, functions.updates.GetChannelDifferenceRequest)

Hear = Callable[[Any], None]
"""Somebody who is told of updates, at once: it does not wait."""


class BadConnectionSetting(PermanentError):
    """A setting cannot be used. The message is a sentence without its secrets."""


class Client(Protocol):
    """A connection of one account, as much of it as is used here."""

    async def connect(self) -> None:
        """Open it. Raises what Telethon raises."""
        ...

    async def disconnect(self) -> None:
        """Close it, for good."""
        ...

    async def __call__(self, request: TLRequest) -> Any:
        """Telegram's answer."""
        ...

    async def ended(self) -> BaseException | None:
        """Wait until it is broken beyond mending, or was closed; why."""
        ...


class TelethonConnection:
    """`Client` by Telethon. `hear` is told of every update; none are asked for if it is None."""

    def __init__(self, client: TelegramClient, hear: Hear | None) -> None:
        self.client = client
        if hear:
            client.add_event_handler(_told(hear), events.Raw())

    async def connect(self) -> None:
        """See the protocol."""
        await self.client.connect()

    async def disconnect(self) -> None:
        """See the protocol."""
        await disconnected(self.client)

    async def __call__(self, request: TLRequest) -> Any:
        """See the protocol."""
        return await self.client(request)

    async def ended(self) -> BaseException | None:
        """See the protocol."""
        ended = asyncio.ensure_future(self.client.disconnected)
        await asyncio.wait([ended])
        if ended.cancelled():
            return None
        return ended.exception()


class _Forgetful(StringSession):
    """A session that does not collect everybody it ever sees: requests here name whom they mean."""

    def process_entities(self, tlo: Any) -> None:
        """Keep none of them."""


class _WithinBudget(TelegramClient):
    """While it listens, Telethon asks for what it missed, by itself: it has to wait its turn like everybody.

    What it cannot tell, because too much was missed, is at least heard of: the answer goes to `hear`.
    """

    limiter: Limiter
    account: str
    hear: Hear

    async def __call__(self, request: Any, ordered: bool = False, flood_sleep_threshold: int | None = None) -> Any:
        if not isinstance(request, DIFFERENCES):
            return await super().__call__(request, ordered, flood_sleep_threshold)
        try:
            await self.limiter.turn("getDifference", self.account)
            answer = await super().__call__(request, ordered, flood_sleep_threshold)
        except SourceParked as parked:
            raise errors.FloodWaitError(request=request, capture=parked.seconds) from parked
        except errors.FloodWaitError as flood:
            self.limiter.flooded("getDifference", self.account, flood.seconds)
            raise
        channel = getattr(request, "channel", None)
        if isinstance(answer, types.updates.ChannelDifferenceTooLong) and isinstance(channel, types.InputChannel):
            self.hear(types.UpdateChannelTooLong(channel.channel_id))
        return answer


def connection(settings: AccountSettings, session: Session, limiter: Limiter, hear: Hear | None) -> TelethonConnection:
    """A client with a session, not connected yet. Raises BadConnectionSetting."""
    credentials = (session.api_id, session.api_hash)
    client = _WithinBudget(**options(settings, session.secret, credentials), receive_updates=hear is not None)
    client.limiter, client.account, client.hear = limiter, session.account, hear or _deaf
    return TelethonConnection(client, hear)


def options(settings: AccountSettings, secret: SecretStr, credentials: tuple[int, SecretStr]) -> dict[str, Any]:
    """What Telethon's client takes. An empty `secret` is a session that is still to be made."""
    api_id, api_hash = credentials
    session = _Forgetful(secret.get_secret_value())
    place = server_of(settings)
    if not secret.get_secret_value() and place:
        session.set_dc(*place)
    address = session.server_address or ""
    return {
        "session": session,
        "api_id": api_id,
        "api_hash": api_hash.get_secret_value(),
        "use_ipv6": ":" in address,
        "proxy": proxy_of(settings.proxy),
        "timeout": settings.connect_timeout_s,
        "request_retries": settings.request_retries,
        "connection_retries": settings.connection_retries,
        "retry_delay": settings.retry_delay_s,
        "auto_reconnect": True,
        "flood_sleep_threshold": 0,  # nothing sleeps where nobody sees it
        "raise_last_call_error": True,
        "device_model": settings.device_model,
        "app_version": settings.app_version,
        "catch_up": False,  # histories are read; what Telethon calls catching up loses messages
    }


def server_of(settings: AccountSettings) -> tuple[int, str, int] | None:
    """Where to sign in: data centre, address, port; None is Telegram's own."""
    if settings.server_address:
        return settings.server_dc, str(settings.server_address), settings.server_port
    return TEST_SERVER if settings.test_mode else None


def trust_server(file: Path | None) -> None:
    """Believe the server whose RSA public key this is, beside Telegram's own; for the whole process. Reads a file.

    Raises BadConnectionSetting.
    """
    if file is None:
        return
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConnectionSetting(f"The server's key {file} cannot be read as a public key in PEM.") from error
    if not isinstance(key, RSAPublicKey):
        raise BadConnectionSetting(f"The server's key {file} is no RSA key.")
    rsa.add_key(key.public_bytes(Encoding.PEM, PublicFormat.PKCS1), old=False)


def proxy_of(proxy: SecretStr) -> dict[str, Any] | None:
    """The proxy as Telethon takes it. Raises BadConnectionSetting."""
    if not proxy.get_secret_value():
        return None
    refused = BadConnectionSetting("TG_INGESTOR__PROXY is not socks5://…:port, socks4://…:port or http://…:port.")
    try:
        url = urlsplit(proxy.get_secret_value())
        host, port = url.hostname, url.port
    except ValueError:
        raise refused from None  # the error quotes what may hold a password
    if url.scheme not in SCHEMES or not host or not port:
        raise refused
    return {
        "proxy_type": url.scheme,
        "addr": host,
        "port": port,
        "rdns": True,
        "username": unquote(url.username) if url.username else None,
        "password": unquote(url.password) if url.password else None,
    }


def _told(hear: Hear) -> Callable[[Any], Awaitable[None]]:
    async def told(update: Any) -> None:
        hear(update)

    return told


def _deaf(update: Any) -> None:
    del update


async def disconnected(client: TelegramClient) -> None:
    """Disconnect. What a client could not recover from it would say again now, to those who have heard it already."""
    ending: Any = client.disconnect()
    if ending is not None:  # Telethon's loop runs
        with suppress(errors.RPCError, errors.AuthKeyNotFound, errors.TypeNotFoundError, OSError, BufferError):
            await ending
