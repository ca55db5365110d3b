"""What Telegram refuses, with its own numbers and words (core.telegram.org/api/errors)."""

from __future__ import annotations


class Refused(Exception):
    """A call that is answered with an error."""

    def __init__(self, code: int, word: str) -> None:
        super().__init__(f"{code} {word}")
        self.code, self.word = code, word


CODES = {"SESSION_PASSWORD_NEEDED": 401, "AUTH_KEY_UNREGISTERED": 401, "SESSION_REVOKED": 401, "AUTH_KEY_INVALID": 401,
         "USER_DEACTIVATED": 401, "USER_DEACTIVATED_BAN": 401, "AUTH_KEY_DUPLICATED": 406, "CHANNEL_PRIVATE": 406}  # fmt: skip


def refusal(word: str) -> Refused:
    """The error with this word; 400 unless Telegram gives it another number."""
    return Refused(CODES.get(word, 400), word)


def flood(seconds: int) -> Refused:
    """A pause of so many seconds."""
    return Refused(420, f"FLOOD_WAIT_{seconds}")


def trouble(word: str = "INTERNAL") -> Refused:
    """Something went wrong on Telegram's side."""
    return Refused(500, word)
