"""`MessageSource` over Telegram itself: the history of channels and groups, read with an account of the operator's.

What is live is only a hint to read again: updates get lost, and histories do not (see `hints.py`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from tg_parser.chassis.clock import Clock
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.asking import Callers, ChatStore
from tg_parser.ingestor.adapters.telethon.chat_reading import ChatReading
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord, predecessor_of
from tg_parser.ingestor.adapters.telethon.errors import Flooded
from tg_parser.ingestor.adapters.telethon.location import Named, where
from tg_parser.ingestor.adapters.telethon.on_demand import PARSER_VERSION
from tg_parser.ingestor.adapters.telethon.plan import Mark
from tg_parser.ingestor.adapters.telethon.resolving import Resolver, title_of
from tg_parser.ingestor.domain import FloodSeen, Page, SourceEnd, SourceItem
from tg_parser.ingestor.ports import SourceRefused, Start


@dataclass(frozen=True, slots=True)
class TelegramHistory:
    """Reads what an account may read. `callers` opens accounts, `chats` remembers what was resolved."""

    callers: Callers
    chats: ChatStore
    clock: Clock

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    async def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """See the port."""
        caller = await self.callers.of(spec.account)
        reading = _Reading(spec, start, Resolver(caller, self.chats, self.clock), self.clock, page_size)
        ended = False
        while not ended:
            try:
                page = await reading.next()
            except Flooded as flood:
                page = reading.paused(flood)
            ended = page.end is not None
            yield page


@dataclass(slots=True)
class _Reading:
    """One reading, step by step. A step that a flood interrupted is made again; nothing of it has been lost or told."""

    spec: SourceSpec
    start: Start
    resolver: Resolver
    clock: Clock
    page_size: int
    mark: Mark = field(init=False)
    cursor: int = field(init=False)
    _chats: list[ChatReading] | None = None
    _introduced: bool = False
    _names: list[str] = field(default_factory=list[str])
    _missed: dict[str, None] = field(default_factory=dict[str, None])
    _committed: str = ""

    def __post_init__(self) -> None:
        self.mark, self.cursor, self._committed = Mark.read(self.start.resume), self.start.cursor, self.start.resume

    def paused(self, flood: Flooded) -> Page:
        """The page that tells of a pause before it is kept: nothing else has changed."""
        return self._page((FloodSeen(flood.method, flood.seconds, flood.account),))

    async def next(self) -> Page:
        """The next page."""
        if self._chats is None:
            self._chats = await self._found()
        while self._chats:
            try:
                page = await self._of(self._chats[0])
            except SourceRefused as refused:
                if self._chats[0].record.channel_id == self._names[0] or refused.cause == "needs_login":
                    raise
                self._missed[str(refused)] = None
                page = None
            if page:
                return page
            self._chats.pop(0)
            self._introduced = False
        truncated = " ".join(self._missed) or None
        return self._page((), SourceEnd(tuple(self._names), truncated))

    async def _of(self, chat: ChatReading) -> Page | None:
        """The next page of a chat; None if there is no more."""
        if not self._introduced:
            await chat.introduce()
            await self._check_name(chat.record)
            self._introduced = True
            return self._page((chat.record.seen(),))
        if self.mark.chat != chat.record.channel_id or self.mark.left is None:
            chat.since = chat.since or await self._since(chat)
            self.mark = await chat.plan(self.start.coverage)
        if not self.mark.left:
            await chat.finish(self.mark)
            return None
        page, self.mark = await chat.page(self.mark, self.cursor, self.page_size)
        self.cursor, self._committed = page.cursor, page.resume
        return page

    async def _found(self) -> list[ChatReading]:
        """The chats to read, in order, from the one a mark names on."""
        main = await self._main()
        chats = [self._reading(main)]
        before = predecessor_of(main)
        if before and self.spec.limit is None:
            chats.insert(0, self._reading(before))
        self._names = [main.channel_id]
        discussion = await self._discussion(main)
        if discussion:
            chats.append(self._reading(discussion, comments_only=True))
        self._names += [chat.record.channel_id for chat in chats if chat.record.channel_id != main.channel_id]
        names = [chat.record.channel_id for chat in chats]
        return chats[names.index(self.mark.chat) :] if self.mark.chat in names else chats

    def _reading(self, record: ChatRecord, *, comments_only: bool = False) -> ChatReading:
        return ChatReading(record, self.spec, self.resolver, self.clock, comments_only=comments_only)

    async def _main(self) -> ChatRecord:
        record = await self.resolver.resolve(where(self.spec.location))
        if record.is_group:
            record = await self.resolver.successor(record) or record
        record = await self.resolver.detailed(record)
        wanted = self.spec.channel_id
        if wanted and wanted not in {record.channel_id, record.predecessor_id}:
            raise SourceRefused(
                f"{self.spec.location} leads to {title_of(record)} with the id {record.channel_id}, not to {wanted} any more.",
                "identity_changed",
            )
        return record

    async def _discussion(self, main: ChatRecord) -> ChatRecord | None:
        """The group with the comments, if they are wanted and there is one that can be read."""
        if not self.spec.include_comments or not main.is_broadcast or main.discussion_id is None:
            return None
        account = self.resolver.caller.account
        group = await self.resolver.chats.find(account, main.discussion_id)
        if group is None:
            self._missed[
                f"The comments on {title_of(main)} are in a group that is not open to the account {account}."
            ] = None
            return None
        try:
            return await self.resolver.detailed(group)
        except SourceRefused as refused:
            self._missed[f"The comments could not be read: {refused}"] = None
            return None

    async def _check_name(self, record: ChatRecord) -> None:
        """A name may have been given to somebody else since it was resolved."""
        place = where(self.spec.location)
        if not isinstance(place, Named) or self.spec.channel_id or record.channel_id != self._names[0]:
            return
        if place.name not in record.usernames:
            await self.resolver.verify(place.name, record)

    async def _since(self, chat: ChatReading) -> datetime | None:
        """Comments are read back to the oldest post that is read."""
        if not chat.comments_only or self.spec.limit is None:
            return None
        main = await self.resolver.chats.find(self.resolver.caller.account, self._names[0])
        return await self._reading(main).oldest() if main else None

    def _page(self, items: tuple[SourceItem, ...], end: SourceEnd | None = None) -> Page:
        """A page without messages: it stands where the one before it ended."""
        return Page(items, self.cursor, end, self._committed)
