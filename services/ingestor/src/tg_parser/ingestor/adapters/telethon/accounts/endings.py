"""How connections end: what Telethon raises then, and closing one for good."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from telethon import errors

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.ingestor.adapters.telethon.accounts.client import Client
from tg_parser.ingestor.adapters.telethon.errors import SIGNED_OUT

log = structlog.get_logger(__name__)

CLOSING_WITHIN: Final = 10.0  # seconds
GONE: Final = (*SIGNED_OUT, errors.UserDeactivatedBanError, errors.PhoneNumberBannedError)
"""What Telegram answers when the session, or the whole account, is worth nothing any more."""
TROUBLE: Final = (
    errors.RPCError,
    errors.AuthKeyNotFound,
    errors.SecurityError,
    errors.InvalidChecksumError,
    errors.BadMessageError,
    BufferError,
    OSError,
    ValueError,
)
"""What Telethon raises when an answer is no answer. After several errors of Telegram's own it raises ValueError."""


async def closed_for_good(client: Client) -> None:
    """Disconnect, whatever it says: it is of no use any more."""
    try:
        async with asyncio.timeout(CLOSING_WITHIN):
            await client.disconnect()
    except Exception as error:
        log.warning("A connection did not close well.", action="disconnect_failed", error=type(error).__name__)
    except asyncio.CancelledError:
        if asked_to_stop():
            raise
