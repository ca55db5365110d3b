"""Signing an account in: by a code Telegram sends, or by a QR code another device scans, and a password if there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from pydantic import SecretStr
from telethon import TelegramClient, errors
from telethon.sessions import StringSession
from telethon.tl.functions.account import GetPasswordRequest
from telethon.tl.functions.auth import ExportLoginTokenRequest
from telethon.tl.types.auth import LoginTokenSuccess

from tg_parser.ingestor.adapters.telethon.accounts.client import disconnected, options, trust_server
from tg_parser.ingestor.adapters.telethon.accounts.login_refusals import sentence
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, masked
from tg_parser.ingestor.adapters.telethon.errors import FLOODS, flood_seconds
from tg_parser.ingestor.settings import AccountSettings

T = TypeVar("T")

ATTEMPTS: Final = 3  # wrong codes or passwords; Telegram itself does not allow many more
SCAN_WITHIN: Final = 300.0  # seconds a QR code is shown, renewed whenever it expires
SHOWN_AT_LEAST: Final = 5.0  # seconds


class LoginFailed(Exception):
    """The account is not signed in. The message is a sentence; neither code, number nor password is in it."""


class Person(Protocol):
    """Somebody who can answer Telegram's questions."""

    async def phone(self) -> str:
        """The phone number, with its country code."""
        ...

    async def code(self, again: str) -> str:
        """The code Telegram has sent. `again`: what was wrong with the last one."""
        ...

    async def password(self, hint: str, again: str) -> str:
        """The password of the second step, with the hint its owner once gave."""
        ...

    def show(self, link: str) -> None:
        """Show a link as a QR code, in place of the one before."""
        ...


@dataclass(frozen=True, slots=True)
class Application:
    """What my.telegram.org gives for an application."""

    api_id: int
    api_hash: SecretStr


async def sign_in(
    settings: AccountSettings,
    application: Application,
    account: str,
    person: Person,
    keep: Callable[[Session], Awaitable[object]],
    *,
    qr: bool = False,
) -> Session:
    """Sign `account` in and `keep` its session; one that could not be kept is signed out again.

    Raises LoginFailed; BadConnectionSetting; what `person` and `keep` raise.
    """
    await asyncio.to_thread(trust_server, settings.server_key_file)
    made = options(settings, SecretStr(""), (application.api_id, application.api_hash))
    session: StringSession = made["session"]
    client = TelegramClient(**made, receive_updates=qr)  # a scanned QR code comes as an update
    login = _Login(client, settings, person)
    try:
        await login.told(client.connect(), within=settings.connect_timeout_s)
        user: Any = await (login.by_qr() if qr else login.by_code())
        signed_in = Session(
            account=account, user_id=user.id, phone=masked(user.phone), api_id=application.api_id,
            api_hash=application.api_hash, secret=SecretStr(session.save()),
        )  # fmt: skip
        try:
            await keep(signed_in)
        except BaseException:
            await login.told(client.log_out())
            raise
        return signed_in
    finally:
        await disconnected(client)


async def sign_out(settings: AccountSettings, session: Session) -> None:
    """End a session at Telegram's. Nobody else may be connected with it. One that has ended already is no trouble.

    Raises LoginFailed if Telegram cannot be reached.
    """
    await asyncio.to_thread(trust_server, settings.server_key_file)
    made = options(settings, session.secret, (session.api_id, session.api_hash))
    client = TelegramClient(**made, receive_updates=False)
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            await client.connect()
            await client.log_out()
    except (errors.UnauthorizedError, errors.AuthKeyError, errors.AuthKeyNotFound):
        return
    except (errors.RPCError, OSError, ValueError) as error:
        raise LoginFailed(f"Telegram could not be told: {type(error).__name__}.") from error
    finally:
        await disconnected(client)


@dataclass(frozen=True, slots=True)
class _Login:
    client: TelegramClient
    settings: AccountSettings
    person: Person

    async def by_code(self) -> Any:
        """With a phone number and the code that is sent to it."""
        phone = await self.person.phone()
        sent = await self.told(self.client.send_code_request(phone))
        again = ""
        for _ in range(ATTEMPTS):
            code = await self.person.code(again)
            try:
                return await self.told(
                    self.client.sign_in(phone, code.strip(), phone_code_hash=sent.phone_code_hash),
                    passing=(
                        errors.SessionPasswordNeededError,
                        errors.PhoneCodeInvalidError,
                        errors.PhoneCodeEmptyError,
                    ),
                )
            except errors.SessionPasswordNeededError:
                return await self._by_password()
            except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError):
                again = "That is not the code Telegram has sent."
        raise LoginFailed(f"The code was wrong {ATTEMPTS} times. Start again: Telegram will send another one.")

    async def by_qr(self) -> Any:
        """With a device that is signed in already and scans a code."""
        shown = await self.told(self.client.qr_login())
        try:
            async with asyncio.timeout(SCAN_WITHIN):
                while True:
                    self.person.show(shown.url)
                    try:
                        user = await self._scanned(shown)
                    except errors.SessionPasswordNeededError:
                        break
                    if user:
                        return user
                    await self.told(shown.recreate())
        except TimeoutError as late:
            raise LoginFailed("Nobody has scanned the code.") from late
        return await self._by_password()

    async def _scanned(self, shown: Any) -> Any | None:
        """Who has scanned the code that is shown; None if it has expired. Raises SessionPasswordNeededError.

        The news of a scan may get lost with a connection. So Telegram is asked before the code is renewed: renewing one that
        was scanned would end the login that nobody knows of.
        """
        try:
            return await self.told(
                shown.wait(_left(shown.expires)),
                within=None,
                passing=(TimeoutError, errors.SessionPasswordNeededError),
            )
        except TimeoutError:
            request = ExportLoginTokenRequest(self.client.api_id, self.client.api_hash, [])
            answer: Any = await self.told(self.client(request), passing=(errors.SessionPasswordNeededError,))
            granted: Any = answer.authorization if isinstance(answer, LoginTokenSuccess) else None
            return granted and granted.user

    async def _by_password(self) -> Any:
        asked: Any = await self.told(self.client(GetPasswordRequest()))
        again = ""
        for _ in range(ATTEMPTS):
            password = await self.person.password(asked.hint or "", again)
            try:
                return await self.told(
                    self.client.sign_in(password=password), passing=(errors.PasswordHashInvalidError,)
                )
            except errors.PasswordHashInvalidError:
                again = "The password is wrong."
        raise LoginFailed(f"The password was wrong {ATTEMPTS} times.")

    async def told(
        self, answer: Awaitable[T], *, within: float | None = -1, passing: tuple[type[Exception], ...] = ()
    ) -> T:
        """An answer in time. Whatever else comes is a sentence, except the errors that are `passing`."""
        try:
            async with asyncio.timeout(self.settings.request_timeout_s if within == -1 else within):
                return await answer
        except passing:
            raise
        except FLOODS as flood:
            raise LoginFailed(
                f"Telegram asks for a pause of {flood_seconds(flood):,} s before this is tried again."
            ) from flood
        except (errors.RPCError, OSError, ValueError, BufferError, errors.SecurityError) as error:
            raise LoginFailed(sentence(error)) from error


def _left(expires: datetime) -> float:
    """Seconds a QR code is shown: clocks may differ."""
    return max(SHOWN_AT_LEAST, (expires - datetime.now(UTC)).total_seconds())
