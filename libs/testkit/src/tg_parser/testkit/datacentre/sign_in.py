"""Methods of signing in: a code sent to a phone, a password, a QR code another device accepts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from secrets import token_bytes, token_hex
from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import signed_in
from tg_parser.testkit.datacentre.keys import Keyring, KnownKey
from tg_parser.testkit.datacentre.methods import Methods
from tg_parser.testkit.datacentre.passwords import Passwords
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.world import World

TOKEN_LASTS = timedelta(seconds=30)


class SignIn:
    """Signing in, with what has been sent and shown but not used yet. `accept` stands for a phone that scans a QR code."""

    def __init__(self, world: World, keyring: Keyring, accepted: Callable[[KnownKey], None]) -> None:
        """`accepted` hears of a key for which another device has answered."""
        self._world, self._keyring, self._accepted = world, keyring, accepted
        self._passwords = Passwords()
        self._codes: dict[str, Account] = {}

    @property
    def methods(self) -> Methods:
        """The methods."""
        return {
            functions.auth.SendCodeRequest: self._send_code,
            functions.auth.SignInRequest: self._by_code,
            functions.account.GetPasswordRequest: self._password,
            functions.auth.CheckPasswordRequest: self._by_password,
            functions.auth.ExportLoginTokenRequest: self._show_token,
            functions.auth.ImportLoginTokenRequest: self._import_token,
            functions.auth.AcceptLoginTokenRequest: self._accept_token,
            functions.auth.LogOutRequest: self._log_out,
        }

    def accept(self, token: bytes, account: Account) -> None:
        """Let the client that shows `token` sign in as `account`. Raises Refused if nobody shows it (any more)."""
        waiting = next((known for known in self._keyring.keys.values() if known.token == token), None)
        if waiting is None:
            raise refusal("AUTH_TOKEN_INVALIDX")
        if waiting.half or waiting.account:
            raise refusal("AUTH_TOKEN_ALREADY_ACCEPTED")
        waiting.half = account
        self._accepted(waiting)

    def _send_code(self, known: KnownKey, request: Any) -> Any:
        account = self._of_phone(request.phone_number)
        secret = token_hex(8)
        self._codes[secret] = account
        by_app: Any = types.auth.SentCodeTypeApp(len(account.code))
        return types.auth.SentCode(by_app, secret)

    def _by_code(self, known: KnownKey, request: Any) -> Any:
        account = self._of_phone(request.phone_number)
        if self._codes.get(request.phone_code_hash) is not account:
            raise refusal("PHONE_CODE_EXPIRED")
        if request.phone_code != account.code:
            raise refusal("PHONE_CODE_INVALID")
        del self._codes[request.phone_code_hash]
        known.half = account
        return self._finish(known)

    def _password(self, known: KnownKey, request: Any) -> Any:
        return self._passwords.question(known.half or signed_in(known))

    def _by_password(self, known: KnownKey, request: Any) -> Any:
        if known.half is None:
            raise refusal("AUTH_KEY_UNREGISTERED")
        self._passwords.check(known.half, request.password)
        return self._enter(known, known.half)

    def _show_token(self, known: KnownKey, request: Any) -> Any:
        if known.half:
            return types.auth.LoginTokenSuccess(self._finish(known))
        known.token = token_bytes(32)
        return types.auth.LoginToken(self._world.now() + TOKEN_LASTS, known.token)

    def _import_token(self, known: KnownKey, request: Any) -> Any:
        if known.half is None or known.token != request.token:
            raise refusal("AUTH_TOKEN_INVALIDX")
        return types.auth.LoginTokenSuccess(self._finish(known))

    def _accept_token(self, known: KnownKey, request: Any) -> Any:
        self.accept(request.token, signed_in(known))
        now = self._world.now()
        return types.Authorization(
            hash=0, device_model="", platform="", system_version="", api_id=1, app_name="", app_version="",
            date_created=now, date_active=now, ip="127.0.0.1", country="", region="",
        )  # fmt: skip

    def _log_out(self, known: KnownKey, request: Any) -> Any:
        signed_in(known)
        known.account = known.half = None
        return types.auth.LoggedOut()

    def _of_phone(self, phone: str) -> Account:
        number = phone.removeprefix("+")
        account = next((one for one in self._world.accounts.values() if one.phone == number), None)
        if account is None:
            raise refusal("PHONE_NUMBER_INVALID")
        if account.banned:
            raise refusal("PHONE_NUMBER_BANNED")
        return account

    def _finish(self, known: KnownKey) -> Any:
        """Sign in whom the code or another device stands for. Raises Refused if a password is wanted as well."""
        account = known.half
        if account is None or account.password is not None:
            raise refusal("SESSION_PASSWORD_NEEDED")
        return self._enter(known, account)

    def _enter(self, known: KnownKey, account: Account) -> Any:
        known.account, known.half, known.token = account, None, None
        return types.auth.Authorization(account.shown_to(account))
