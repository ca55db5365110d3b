"""Accounts that are signed in, a file each: `<account>.session`, a sealed JSON object with what it takes to be the account."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_serializer

from tg_parser.ingestor.adapters.telethon.accounts.sealing import SessionKey, Unsealable, write_private
from tg_parser.ingestor.settings import AccountSettings

NOBODY: Final = "No Telegram account is signed in here. `tg-parser login` signs one in."
ACCOUNT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""An account's name: the name of a file, too."""
SUFFIX: Final = ".session"
LARGEST: Final = 64 * 1024  # bytes of a session's file; a real one has 1,200


class UnknownAccount(Exception):
    """There is no session of this name, or none that can be used. The message is a sentence."""


class Session(BaseModel):
    """A signed-in account. `phone` is masked and for people; `user_id` is who was signed in."""

    model_config = ConfigDict(frozen=True)

    account: str = Field(pattern=rf"^{ACCOUNT.pattern}$")
    user_id: int
    phone: str = ""
    api_id: int
    api_hash: SecretStr
    secret: SecretStr
    """Telethon's session string: data centre, address and authorisation key."""

    @property
    def fingerprint(self) -> str:
        """Names the authorisation without giving it away: signing in again makes another one."""
        return hashlib.sha256(self.secret.get_secret_value().encode()).hexdigest()[:32]

    @field_serializer("api_hash", "secret", when_used="json")
    def _plain(self, value: SecretStr) -> str:
        """For the sealed file alone: nothing else makes JSON of a session."""
        return value.get_secret_value()


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """The sessions in a folder; none if it is None. Its methods read and write files: off the event loop, please."""

    path: Path | None
    key: SessionKey

    def names(self) -> list[str]:
        """The accounts that are signed in."""
        if self.path is None:
            return []
        found = (file.name.removesuffix(SUFFIX) for file in self.path.glob(f"*{SUFFIX}"))
        return sorted(name for name in found if ACCOUNT.fullmatch(name))

    def read(self, account: str) -> Session:
        """An account's session. Raises UnknownAccount."""
        file = self._file(account)
        try:
            with file.open("rb") as opened:
                sealed = opened.read(LARGEST)
        except FileNotFoundError as missing:
            raise UnknownAccount(f"The account {account} is not signed in.") from missing
        except OSError as error:
            raise UnknownAccount(f"{file} cannot be read: {error.strerror}.") from error
        try:
            session = Session.model_validate_json(self.key.unseal(sealed, str(file)))
        except Unsealable as locked:
            raise UnknownAccount(str(locked)) from locked
        except (OSError, ValidationError):  # what pydantic says would quote the session
            raise UnknownAccount(f"{file} holds no session, or its key cannot be read.") from None
        if session.account != account:
            raise UnknownAccount(f"{file} holds the session of another account ({session.account}).")
        return session

    def write(self, session: Session) -> Path:
        """Keep a session in place of the account's last one. Raises Unsealable, OSError."""
        file = self._file(session.account)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, self.key.seal(session.model_dump_json().encode()))
        return file

    def written(self, account: str) -> float:
        """When an account was signed in, as seconds since 1970. Raises UnknownAccount, OSError."""
        return self._file(account).stat().st_mtime

    def remove(self, account: str) -> None:
        """Forget an account's session."""
        self._file(account).unlink(missing_ok=True)

    def _file(self, account: str) -> Path:
        if not ACCOUNT.fullmatch(account):
            raise UnknownAccount(f"{account[:64]!r} is no name of an account: letters, digits, - and _ are.")
        if self.path is None:
            raise UnknownAccount("There is no folder for sessions: TG_INGESTOR__SESSIONS is not set.")
        return self.path / f"{account}{SUFFIX}"


def masked(phone: str | None) -> str:
    """A phone number as it may be shown: its first two and its last two digits."""
    digits = "".join(character for character in phone or "" if character.isdigit())
    return f"+{digits[:2]}{'•' * (len(digits) - 4)}{digits[-2:]}" if len(digits) > 5 else ""


def folder_of(settings: AccountSettings) -> SessionFolder:
    """The sessions the settings name."""
    return SessionFolder(settings.sessions, SessionKey(settings.session_key, settings.key_file))
