"""Sessions are encrypted where they lie: whoever has one is the account.

The key is a setting or a file. A key that nobody gave is made when an account is signed in, readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

OWNER_ONLY = 0o600


class Unsealable(Exception):
    """A session cannot be decrypted, or there is no key. The message is a sentence that holds nothing secret."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """The key, wherever it is: `given` if that is not empty, else in `file`."""

    given: SecretStr
    file: Path | None

    def seal(self, plain: bytes) -> bytes:
        """`plain` encrypted. Makes a key if there is none. Raises Unsealable, OSError."""
        return self._cipher(make=True).encrypt(plain)

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """What was sealed. Raises Unsealable."""
        try:
            return self._cipher(make=False).decrypt(sealed.strip())
        except InvalidToken as wrong:
            raise Unsealable(f"{name} cannot be decrypted: it was made with another key, or it is damaged.") from wrong

    def _cipher(self, *, make: bool) -> Fernet:
        key = self.given.get_secret_value() or self._from_file(make=make)
        try:
            return Fernet(key)
        except ValueError as malformed:
            raise Unsealable("The key for sessions is not 32 bytes as URL-safe base64.") from malformed

    def _from_file(self, *, make: bool) -> str:
        if self.file is None:
            raise Unsealable(
                "There is no key for sessions: TG_INGESTOR__SESSION_KEY and …SESSION_KEY_FILE are not set."
            )
        with contextlib.suppress(FileNotFoundError):
            return self.file.read_text("ascii").strip()
        if not make:
            raise Unsealable(f"There is no key for sessions at {self.file}.")
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.file, Fernet.generate_key() + b"\n", replace=False)
        return self.file.read_text("ascii").strip()


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file its owner alone can read: whole, or not at all. Without `replace` one that is there stays as it is."""
    number, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600 from the beginning
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(made, path)  # noqa: PTH105 - both names are in hand as text
        else:
            with contextlib.suppress(FileExistsError):  # somebody else made one meanwhile
                os.link(made, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)  # noqa: PTH108 - see above
    _synchronise(path.parent)


def _synchronise(folder: Path) -> None:
    """A name is only kept when its folder is."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
