"""One chat of a reading: how it presents itself, what of it is to be read, and the pages of that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from tg_parser.chassis.clock import Clock
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.adapters.telethon.dumps import dumped
from tg_parser.ingestor.adapters.telethon.history import History, Piece
from tg_parser.ingestor.adapters.telethon.plan import FARTHEST_BACK, Mark, look_back, looked_back, planned, shown
from tg_parser.ingestor.adapters.telethon.resolving import Resolver
from tg_parser.ingestor.adapters.telethon.telling import Wanted, told
from tg_parser.ingestor.adapters.telethon.threads import Threads
from tg_parser.ingestor.coverage import Interval
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import CoverageOf

NOTHING: Final = (1, 0)


@dataclass(slots=True)
class ChatReading:
    """Reads one chat. Whatever was interrupted by a flood can be called again and goes on.

    `comments_only`: of a discussion group, only what belongs to a post of its channel.
    """

    record: ChatRecord
    spec: SourceSpec
    resolver: Resolver
    clock: Clock
    comments_only: bool = False
    since: datetime | None = None
    _history: History | None = None
    _threads: Threads | None = None
    _places: dict[str, Piece] = field(default_factory=dict[str, Piece])

    @property
    def history(self) -> History:
        """The chat's history."""
        self._history = self._history or History(self.resolver.caller, self.record)
        return self._history

    async def introduce(self) -> None:
        """Ask for the newest message; the answer also says how the chat presents itself now."""
        if self._closed():
            return
        newest = await self._place("newest", self.spec.until, 0, 1)
        for record in await self.resolver.keep_all([dumped(chat) for chat in newest.chats]):
            if record.channel_id == self.record.channel_id:
                self.record = record
                self.history.record = record

    async def plan(self, coverage: CoverageOf) -> Mark:
        """What is to be read."""
        wanted = await self._wanted()
        if self.spec.mode == "snapshot":
            return Mark(self.record.channel_id, planned(wanted, None, 0), self._whole())
        now = self.clock().timestamp()
        back = look_back(self.record.looked_back.items(), now)
        covered = await coverage(self.record.channel_id)
        recent = wanted[1] + 1
        if covered and wanted != NOTHING:
            before = await self._place("recent", datetime.fromtimestamp(now, UTC) - back, 0, 1)
            recent = (before.last or 0) + 1
        return Mark(self.record.channel_id, planned(wanted, covered, recent), int(back.total_seconds()))

    async def page(self, mark: Mark, cursor: int, size: int) -> tuple[Page, Mark]:
        """The next page of what is left, and the mark after it. Raises ValueError if nothing is left."""
        first, last = mark.stretch
        piece = await self.history.upwards(first, min(size, last - first + 1))
        end = last if piece.last is None or piece.last >= last else piece.last
        roots: dict[int, str] = {}
        wanted = Wanted(last, self.since or self.spec.since, self.spec.until)
        threads = self._discussion()
        if threads:
            await threads.learn(piece.messages, (first, end))
            roots = threads.roots(piece.messages)
            wanted = replace(wanted, only=roots.keys()) if self.comments_only else wanted
        made = await asyncio.to_thread(told, piece, self.record, roots, wanted, cursor)
        after = mark.after(end)
        certain = not (self.record.restricted or threads or piece.unknown)
        covered = shown(self.record.channel_id, (first, end), made.holes, certain=certain)
        page = Page(made.items, cursor + made.consumed, None, str(after), covered, made.originals)
        return page, after

    async def finish(self, mark: Mark) -> None:
        """Remember how far was looked back."""
        if mark.look_back:
            done = looked_back(self.record.looked_back, mark.look_back, self.clock().timestamp())
            self.record = self.record.model_copy(update={"looked_back": done})
            await self.resolver.chats.keep(self.resolver.caller.account, self.record)

    async def oldest(self) -> datetime | None:
        """When the oldest message was sent that a limited reading reads; None if it is not limited."""
        if self.spec.limit is None:
            return None
        piece = await self._place("oldest", self.spec.until, self.spec.limit - 1, -1)
        return piece.messages[0].date if piece.messages else None

    async def _wanted(self) -> Interval:
        """The ids of the first and the last message to read."""
        newest = self.record.last_id if self._closed() else await self._newest()
        first = self.record.visible_from
        since = self.since or self.spec.since
        if since:
            before = await self._place("before", since, 0, 1)
            first = max(first, (before.last or 0) + 1)
        if self.spec.limit and not self.comments_only:
            oldest = await self._place("oldest", self.spec.until, self.spec.limit - 1, -1)
            first = max(first, oldest.last or 0)
        return (first, newest) if first <= newest else NOTHING

    def _whole(self) -> int:
        """How far back a snapshot looks: as far as anybody does, unless it is a part of the whole."""
        part = self.spec.limit or self.spec.since or self.spec.until or self.comments_only
        return 0 if part else int(FARTHEST_BACK.total_seconds())

    async def _newest(self) -> int:
        return (await self._place("newest", self.spec.until, 0, 1)).last or 0

    async def _place(self, name: str, before: datetime | None, skipped: int, step: int) -> Piece:
        """A single message; asked for once."""
        if name not in self._places:
            self._places[name] = await self.history.at(before, skipped, step)
        return self._places[name]

    def _closed(self) -> bool:
        """Whether it is known without asking which message is the newest."""
        return self.record.last_id > 0 and self.spec.until is None

    def _discussion(self) -> Threads | None:
        """The threads of a group that holds the comments on a channel's posts."""
        if self._threads is None and self.record.discussion_id and not self.record.is_broadcast:
            self._threads = Threads(self.record.discussion_id, self.history)
        return self._threads
