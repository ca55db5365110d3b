"""Reading the data centre as the ingestor does, in one process or in several one after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.adapters.telethon.source import TelegramHistory
from tg_parser.ingestor.coverage import united
from tg_parser.ingestor.domain import ChannelSeen, FloodSeen, MessageSeen, Page
from tg_parser.ingestor.ports import Start
from tg_parser.testkit.moving_clock import MovingClock

from .accounts import Keeper


@dataclass
class Remembered:
    """Resolved chats in memory."""

    records: dict[tuple[str, str], ChatRecord] = field(default_factory=dict[tuple[str, str], ChatRecord])
    names: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    async def find(self, account: str, channel_id: str) -> ChatRecord | None:
        return self.records.get((account, channel_id))

    async def keep(self, account: str, record: ChatRecord) -> None:
        self.records[account, record.channel_id] = record

    async def named(self, account: str, name: str) -> str | None:
        return self.names.get((account, name))

    async def keep_name(self, account: str, name: str, channel_id: str) -> None:
        self.names[account, name] = channel_id


@dataclass
class Reader:
    """Reads, and keeps the pages it took and what was covered as the log would. Each `read` is a process of its own."""

    keeper: Keeper
    time: MovingClock
    chats: Remembered = field(default_factory=Remembered)
    covered: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    pages: list[Page] = field(default_factory=list[Page])

    async def read(
        self, location: str = "@news", *, after: Page | None = None, size: int = 500, most: int = 10_000, **members: Any
    ) -> list[Page]:
        """The pages of a reading. If it ends in an error, those taken before are in `pages`."""
        async with self.keeper.process() as accounts:
            return await self.read_with(accounts, location, after=after, size=size, most=most, **members)

    async def read_with(
        self, accounts: Accounts, location: str = "@news", *, after: Page | None = None, size: int = 500,
        most: int = 10_000, **members: Any,
    ) -> list[Page]:  # fmt: skip
        """The same, as a part of a process that goes on."""
        spec = SourceSpec(kind="mtproto_history", location=location, **members)
        start = Start(self.coverage, after.cursor if after else 0, after.resume if after else "")
        source = TelegramHistory(accounts, self.chats, self.time.clock)
        self.pages = []
        async with aclosing(source.pages(spec, start, page_size=size)) as pages:
            async for page in pages:
                self.pages.append(page)
                if len(self.pages) == most:
                    break
        return self.pages

    def commit(self, pages: Sequence[Page]) -> None:
        """Keep what pages covered."""
        for page in pages:
            for stretch in page.covered:
                self.covered.setdefault(stretch.channel_id, []).append((stretch.first, stretch.last))

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        """See `CoverageOf`."""
        return united(self.covered.get(channel_id, []))


def refs(pages: Iterable[Page]) -> list[str]:
    """The messages told, by their names."""
    return [item.message.source_ref for page in pages for item in page.items if isinstance(item, MessageSeen)]


def ids(pages: Iterable[Page]) -> list[int]:
    """The messages told, by their numbers."""
    return [item.message.message_id for page in pages for item in page.items if isinstance(item, MessageSeen)]


def texts(pages: Iterable[Page]) -> dict[int, str]:
    """The messages told, as they read."""
    told = (item.message for page in pages for item in page.items if isinstance(item, MessageSeen))
    return {message.message_id: message.text for message in told}


def seen(pages: Iterable[Page]) -> list[ChannelSeen]:
    """The chats told."""
    return [item for page in pages for item in page.items if isinstance(item, ChannelSeen)]


def floods(pages: Iterable[Page]) -> list[tuple[str, int]]:
    """The pauses told: of which call, and how many seconds."""
    return [(item.method, item.seconds) for page in pages for item in page.items if isinstance(item, FloodSeen)]


def calm(pages: Iterable[Page]) -> list[Page]:
    """The pages without those that tell of pauses."""
    return [page for page in pages if not floods([page])]


def covered(pages: Iterable[Page], *, surely: bool = False) -> tuple[tuple[int, int], ...]:
    """What pages cover. `surely`: only where nothing else is."""
    stretches = (stretch for page in pages for stretch in page.covered)
    return united((stretch.first, stretch.last) for stretch in stretches if stretch.exhaustive or not surely)
