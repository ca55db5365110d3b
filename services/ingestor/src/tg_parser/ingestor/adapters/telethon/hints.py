"""What is live is a hint: Telegram says that something is new in a followed source, and the source is looked at sooner.

Nothing of an update is taken over. Updates get lost, more than a hundred at once are not told at all, and of what happened
while nobody listened there is no word; a history has all of it. So a hint that is missed costs no message, only time: the
source is looked at by its schedule anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import structlog
from nats.errors import Error as NatsError
from telethon.tl import types

from tg_parser.chassis.cancelling import asked_to_stop
from tg_parser.chassis.errors import ChassisError
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import SourceHinted
from tg_parser.ingestor.adapters.followed_projection import Followed
from tg_parser.ingestor.ports import SourceParked, SourceRefused

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 15.0  # seconds between looks at whether every account that should listen does
TELL_AGAIN: Final = 5.0  # seconds until a hint that could not be told is tried again


class Listeners(Protocol):
    """Accounts, as far as listening goes."""

    async def name_of(self, account: str) -> str:
        """Which account is meant. Raises SourceRefused."""
        ...

    async def listening(self, account: str) -> int:
        """Have an account listen, if it does not yet; how often it has begun to.

        Raises SourceRefused, SourceParked, TransientError.
        """
        ...


class Teller(Protocol):
    """Facts about sources."""

    async def tell(self, fact: Fact) -> int:
        """Stored when this returns."""
        ...


@dataclass(slots=True)
class Hints:
    """Tells what is new, at most once in `every` seconds for each source."""

    followed: Callable[[], Awaitable[Sequence[Followed]]]
    facts: Teller
    clock: Callable[[], datetime]
    every: float
    _sources: dict[tuple[str, str], set[str]] = field(default_factory=dict[tuple[str, str], set[str]])
    _due: dict[str, float] = field(default_factory=dict[str, float])
    _told: dict[str, float] = field(default_factory=dict[str, float])
    _begun: dict[str, int] = field(default_factory=dict[str, int])
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hears(self, account: str) -> Callable[[Any], None]:
        """Who is told of the updates of an account."""

        def heard(update: Any) -> None:
            channel_id = channel_of(update)
            if channel_id:
                self._note(self._sources.get((account, channel_id), ()))

        return heard

    async def changed(self, batch: object = None) -> None:
        """Something was told about sources: what is followed may have changed."""
        del batch
        self._changed.set()

    async def listen(self, accounts: Listeners) -> None:
        """Keep every account listening that a followed source is read with; a supervised task."""
        while not asked_to_stop():
            self._changed.clear()
            await self.look(accounts)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def look(self, accounts: Listeners) -> None:
        """Learn what is followed, and have those accounts listen that do not."""
        try:
            sources = await self.followed()
        except ChassisError as error:
            log.warning("Hints have to wait.", action="hints_retry", error=str(error)[:300])
            return
        by_account: dict[str, list[Followed]] = {}
        for source in sources:
            try:
                by_account.setdefault(await accounts.name_of(source.account), []).append(source)
            except SourceRefused:  # a reading of it tells that, and why
                continue
        self._sources = {}
        for account, several in by_account.items():
            for source in several:
                for channel_id in source.channel_ids:
                    self._sources.setdefault((account, channel_id), set()).add(source.source_id)
        await asyncio.gather(*(self._begin(accounts, name, several) for name, several in by_account.items()))

    async def run(self) -> None:
        """Tell what is due, for ever; a supervised task."""
        while not asked_to_stop():
            self._news.clear()
            await self.tell_due()
            wait = min(self._due.values(), default=None)
            left = None if wait is None else max(0.0, wait - self.clock().timestamp())
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def tell_due(self) -> None:
        """Tell the hints whose time has come."""
        now = self.clock()
        for source_id in [source_id for source_id, due in self._due.items() if due <= now.timestamp()]:
            del self._due[source_id]
            try:
                await self.facts.tell(SourceHinted(source_id=source_id, at=now))
            except (ChassisError, NatsError, TimeoutError) as error:
                log.warning("A hint could not be told yet.", action="hint_retry", error=str(error)[:300])
                self._due[source_id] = now.timestamp() + TELL_AGAIN
            else:
                self._told[source_id] = now.timestamp()

    def _note(self, sources: Sequence[str] | set[str]) -> None:
        now = self.clock().timestamp()
        for source_id in sources:
            earliest = self._told.get(source_id, 0.0) + self.every
            if source_id not in self._due:
                self._due[source_id] = max(now, earliest)
                self._news.set()

    async def _begin(self, accounts: Listeners, account: str, sources: Sequence[Followed]) -> None:
        """Have an account listen. While it did not, something may have happened: after a pause everything is worth a look."""
        try:
            begun = await accounts.listening(account)
        except SourceRefused:  # a reading tells that
            return
        except (ChassisError, SourceParked) as error:
            log.info("An account does not listen yet.", action="listen_retry", account=account, error=str(error)[:300])
            return
        if begun != self._begun.setdefault(account, begun):
            self._begun[account] = begun
            self._note([source.source_id for source in sources])


def channel_of(update: Any) -> str | None:
    """The chat an update has something new of; None if that is nothing to be read, or nobody can say where.

    Deletions outside channels name no chat, and counters alone are no news.
    """
    match update:
        case types.UpdateDeleteChannelMessages() | types.UpdateChannelTooLong():
            return str(update.channel_id)
        case types.UpdateNewChannelMessage() | types.UpdateEditChannelMessage():
            peer = getattr(update.message, "peer_id", None)
            return str(peer.channel_id) if isinstance(peer, types.PeerChannel) else None
        case types.UpdateNewMessage() | types.UpdateEditMessage():
            peer = getattr(update.message, "peer_id", None)
            return f"chat{peer.chat_id}" if isinstance(peer, types.PeerChat) else None
        case _:
            return None
