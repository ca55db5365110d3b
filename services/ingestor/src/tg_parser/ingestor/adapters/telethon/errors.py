"""What Telegram refuses, and what goes wrong on the way to it, as the rest of the ingestor knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telethon import errors

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.messages import RefusalCause
from tg_parser.ingestor.ports import SourceRefused


class Flooded(Exception):
    """Telegram asks for a pause of `seconds` before `method` is called again. The limiter knows; it has to be told (`FloodSeen`)."""

    def __init__(self, method: str, seconds: int, account: str) -> None:
        super().__init__(f"Telegram asks {account} for a pause of {seconds} s before {method} is called again.")
        self.method, self.seconds, self.account = method, seconds, account


FLOODS: Final = (
    errors.FloodWaitError,
    errors.FloodPremiumWaitError,
    errors.SlowModeWaitError,
    errors.FloodTestPhoneWaitError,
    errors.TakeoutInitDelayError,
)
TROUBLE: Final = (
    errors.ServerError,
    errors.TimedOutError,
    errors.RpcCallFailError,
    errors.RpcMcgetFailError,
    errors.InterdcCallErrorError,
    errors.InterdcCallRichErrorError,
)
SIGNED_OUT: Final = (
    errors.UnauthorizedError,
    errors.AuthKeyError,
    errors.AuthKeyNotFound,
    errors.UserDeactivatedError,
)
"""The session is worth nothing any more: only a person can sign in again."""
REFUSALS: Final[Mapping[type[Exception], tuple[RefusalCause, str]]] = {
    errors.UserDeactivatedBanError: ("banned", "Telegram has banned the account {account}."),
    errors.PhoneNumberBannedError: ("banned", "Telegram has banned the account {account}."),
    errors.ChannelBannedError: ("banned", "Telegram has banned {what}."),
    errors.UserBannedInChannelError: ("banned", "The account {account} is banned from {what}."),
    errors.ChannelPrivateError: ("private", "{what} is private, or the account {account} was removed from it."),
    errors.ChannelPublicGroupNaError: ("private", "{what} is not open to the account {account}."),
    errors.ChatForbiddenError: ("private", "The account {account} is no member of {what}."),
    errors.UsernameNotOccupiedError: ("not_found", "Nobody has the name {what} on Telegram."),
    errors.UsernameInvalidError: ("not_found", "{what} is no name Telegram would give to anybody."),
    errors.InviteHashExpiredError: ("not_found", "The invitation {what} is not valid any more."),
    errors.InviteHashInvalidError: ("not_found", "The invitation {what} is not valid."),
    errors.InviteHashEmptyError: ("not_found", "The invitation {what} is not valid."),
    errors.ChannelInvalidError: ("not_found", "Telegram does not know {what} as the account {account} addresses it."),
    errors.PeerIdInvalidError: ("not_found", "Telegram does not know {what} as the account {account} addresses it."),
    errors.ChatIdInvalidError: ("not_found", "Telegram does not know {what} as the account {account} addresses it."),
}
LATER: Final = 30.0  # seconds until what failed on the way is tried again


def translated(error: Exception, *, method: str, account: str, what: str) -> Exception:
    """The error as a person or the ingestor understands it. `what` is the thing that was asked about."""
    refusal = next((REFUSALS[kind] for kind in REFUSALS if isinstance(error, kind)), None)
    if refusal:
        return SourceRefused(refusal[1].format(what=what, account=account), refusal[0])
    if isinstance(error, SIGNED_OUT):
        return SourceRefused(_signed_out(error, account), "needs_login")
    if isinstance(error, errors.RPCError) and not isinstance(error, TROUBLE):
        return SourceRefused(f"Telegram refuses {method} for {what}: {_word(error)}.", "unreadable")
    return TransientError(f"Telegram could not be asked just now ({method}): {_word(error)}.", retry_in=LATER)


def _signed_out(error: Exception, account: str) -> str:
    if isinstance(error, errors.AuthKeyDuplicatedError):
        return (
            f"The session of the account {account} was used from two places at once, and Telegram has ended it. "
            "Sign in again, and let only one process use it."
        )
    return f"The account {account} is signed out. Sign in again."


def flood_seconds(error: Exception) -> int:
    """How long to wait. Zero and less have been seen, and mean a second."""
    return max(1, int(getattr(error, "seconds", 1) or 1))


def _word(error: Exception) -> str:
    """Telegram's own word for it, or the name of what was raised; never the request, which may hold secrets."""
    word = getattr(error, "message", None)
    nameless = type(error).__module__.endswith("rpcbaseerrors")  # one Telethon has no class for
    return word if nameless and isinstance(word, str) and word else type(error).__name__
