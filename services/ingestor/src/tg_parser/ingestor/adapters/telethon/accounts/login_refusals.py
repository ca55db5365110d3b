"""What Telegram answers to a login that it refuses, as sentences."""

from __future__ import annotations

from typing import Final

from telethon import errors

SENTENCES: Final[dict[type[Exception], str]] = {
    errors.ApiIdInvalidError: "Telegram does not know this application: compare the API id and hash with my.telegram.org.",
    errors.ApiIdPublishedFloodError: "This API id is public and Telegram refuses it: get one of your own at my.telegram.org.",
    errors.PhoneNumberInvalidError: "That is no phone number Telegram knows. Write it with its country code: +49151…",
    errors.PhoneNumberBannedError: "Telegram has banned this phone number.",
    errors.UserDeactivatedBanError: "Telegram has banned this account.",
    errors.UserDeactivatedError: "This account was deleted.",
    errors.PhoneNumberUnoccupiedError: "No Telegram account has this number. Make one with a Telegram app first.",
    errors.PhoneNumberFloodError: "This number was signed in too often today. Try again tomorrow.",
    errors.PhonePasswordFloodError: "Signing in was tried too often. Try again in some hours.",
    errors.PhoneCodeExpiredError: "The code has expired. Start again.",
    errors.PasswordHashInvalidError: "The password is wrong.",
    errors.PhoneCodeInvalidError: "The code is wrong.",
}


def sentence(error: Exception) -> str:
    """What a person is told. Neither code, number nor password is in it."""
    known = next((sentence for kind, sentence in SENTENCES.items() if isinstance(error, kind)), None)
    if known:
        return known
    if isinstance(error, errors.RPCError):
        return f"Telegram refuses: {type(error).__name__}."
    return "Telegram cannot be reached, or does not answer. Is there a connection, and is the proxy right?"
