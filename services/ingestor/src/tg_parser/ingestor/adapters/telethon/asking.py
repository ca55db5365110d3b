"""What reading Telegram needs from outside: somebody who asks it, and a memory for what was once resolved."""

from __future__ import annotations

from typing import Any, Protocol

from telethon.tl import TLRequest

from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.budgets import Method


class Caller(Protocol):
    """Asks Telegram as one account."""

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    async def __call__(self, request: TLRequest, method: Method, what: str) -> Any:
        """Telegram's answer, after this call's turn has come. `what` is what is asked about, for sentences.

        Raises Flooded; SourceParked; SourceRefused; TransientError, also if no answer comes in time; and Telethon's
        TypeNotFoundError if there is something in the answer that this version of Telethon does not know.
        """
        ...


class Callers(Protocol):
    """The accounts there are."""

    async def of(self, account: str) -> Caller:
        """The one who asks as `account`; empty: as the only account there is.

        Raises SourceRefused if there is none or it is signed out, TransientError while another process uses it.
        """
        ...


class ChatStore(Protocol):
    """Remembers how accounts address chats. Resolving a name is what Telegram allows least: once is enough for ever."""

    async def find(self, account: str, channel_id: str) -> ChatRecord | None:
        """The chat as this account addresses it. Raises TransientError."""
        ...

    async def keep(self, account: str, record: ChatRecord) -> None:
        """Remember a chat in place of what was known of it. Raises TransientError."""
        ...

    async def named(self, account: str, name: str) -> str | None:
        """Which chat a user name or an invitation led to. Raises TransientError."""
        ...

    async def keep_name(self, account: str, name: str, channel_id: str) -> None:
        """Remember where a name leads. Raises TransientError."""
        ...
