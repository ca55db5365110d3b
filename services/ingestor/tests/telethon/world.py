"""A small Telegram in memory: chats with messages, and what an account asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.tl import types

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.adapters.telethon.source import TelegramHistory
from tg_parser.ingestor.adapters.telethon.text import snake_case
from tg_parser.ingestor.budgets import Method
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import SourceRefused, Start

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BORN = NOW - timedelta(days=30)


def channel(number: int = 1001, **members: Any) -> types.Channel:
    """A channel, a broadcasting one unless said otherwise."""
    defaults: dict[str, Any] = {"title": "Новости", "username": "news", "broadcast": True, "access_hash": 10 * number}
    return types.Channel(id=number, photo=types.ChatPhotoEmpty(), date=BORN, **(defaults | members))


def post(number: int, chat: Any = 1001, **members: Any) -> types.Message:
    """A message, an hour after the one before."""
    peer = types.PeerChannel(chat) if isinstance(chat, int) else chat
    defaults: dict[str, Any] = {"message": f"Запись {number}", "date": BORN + timedelta(hours=number), "post": True}
    return types.Message(id=number, peer_id=peer, **(defaults | members))


@dataclass
class Telegram:
    """Answers like Telegram. `failures`: what the next calls of a method end in; `unknown`: ids nobody can read."""

    account: str = "reader"
    chats: dict[int, Any] = field(default_factory=dict[int, Any])
    details: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    messages: dict[int, list[Any]] = field(default_factory=dict[int, list[Any]])
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    failures: dict[str, list[Exception | None]] = field(default_factory=dict[str, list[Exception | None]])
    unknown: set[int] = field(default_factory=set[int])
    closed: set[int] = field(default_factory=set[int])

    def add(self, chat: Any, messages: Sequence[Any] = (), **details: Any) -> None:
        self.chats[chat.id] = chat
        self.messages[chat.id] = list(messages)
        self.details[chat.id] = details

    async def of(self, account: str) -> Telegram:
        return self

    async def __call__(self, request: Any, method: Method, what: str) -> Any:
        self.calls.append((method, request))
        failure = self.failures[method].pop(0) if self.failures.get(method) else None
        if failure:
            raise failure
        return getattr(self, snake_case(type(request).__name__.removesuffix("Request")))(request)

    def asked(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)

    def get_history(self, request: Any) -> Any:
        number = request.peer.channel_id if isinstance(request.peer, types.InputPeerChannel) else request.peer.chat_id
        newest_first = sorted(self.messages[number], key=lambda message: -message.id)
        older = [
            message
            for message in newest_first
            if (not request.offset_id or message.id < request.offset_id)
            and (request.offset_date is None or message.date < request.offset_date)
        ]
        begin = len(newest_first) - len(older) + request.add_offset
        end = begin + request.limit
        found = newest_first[max(0, begin) : max(0, end)]
        return self._page(number, found)

    def get_messages(self, request: Any) -> Any:
        wanted = {entry.id for entry in request.id}
        return self._page(
            request.channel.channel_id, [m for m in self.messages[request.channel.channel_id] if m.id in wanted]
        )

    def get_rich_message(self, request: Any) -> Any:
        return self._page(
            1001, [post(request.id, rich_message=types.RichMessage([types.PageBlockDivider()] * 3, [], []))]
        )

    def resolve_username(self, request: Any) -> Any:
        found = [chat for chat in self.chats.values() if getattr(chat, "username", None) == request.username]
        if not found and request.username != "person":
            raise SourceRefused(f"Nobody has the name @{request.username} on Telegram.", "not_found")
        peer: Any = types.PeerChannel(found[0].id) if found else types.PeerUser(1)
        return types.contacts.ResolvedPeer(peer, list(found), [])

    def get_full_channel(self, request: Any) -> Any:
        number = request.channel.channel_id
        details = self.details[number]
        linked = [self.chats[details["linked_chat_id"]]] if details.get("linked_chat_id") in self.chats else []
        full = types.ChannelFull(
            id=number, about="", read_inbox_max_id=0, read_outbox_max_id=0, unread_count=0, chat_photo=types.PhotoEmpty(0),
            notify_settings=types.PeerNotifySettings(), bot_info=[], pts=1, **details,
        )  # fmt: skip
        return types.messages.ChatFull(full, [self.chats[number], *linked], [])

    def get_full_chat(self, request: Any) -> Any:
        full = types.ChatFull(
            request.chat_id, "", types.ChatParticipantsForbidden(request.chat_id), types.PeerNotifySettings()
        )
        return types.messages.ChatFull(full, [self.chats[request.chat_id]], [])

    def get_dialogs(self, request: Any) -> Any:
        return types.messages.Dialogs([], [], list(self.chats.values()), [])

    def check_chat_invite(self, request: Any) -> Any:
        if request.hash == "member":
            return types.ChatInviteAlready(next(iter(self.chats.values())))
        return types.ChatInvite("Закрытый", types.PhotoEmpty(0), 5, 0)

    def _page(self, number: int, found: Sequence[Any]) -> Any:
        if self.unknown & {message.id for message in found}:
            raise TypeNotFoundError(0xDEADBEEF, b"")
        return types.messages.ChannelMessages(1, len(found), list(found), [], [self.chats[number]], [])


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
    """Reads the small Telegram, and keeps what was covered as the log would."""

    telegram: Telegram = field(default_factory=Telegram)
    remembered: Remembered = field(default_factory=Remembered)
    now: datetime = NOW
    covered: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])

    @property
    def source(self) -> TelegramHistory:
        return TelegramHistory(self.telegram, self.remembered, lambda: self.now)

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        return self.covered.get(channel_id, [])

    async def read(
        self, location: str = "@news", *, after: Page | None = None, size: int = 500, most: int = 10_000, **members: Any
    ) -> list[Page]:
        spec = SourceSpec(kind="mtproto_history", location=location, **members)
        start = Start(self.coverage, after.cursor if after else 0, after.resume if after else "")
        pages: list[Page] = []
        async with aclosing(self.source.pages(spec, start, page_size=size)) as source:
            async for page in source:
                pages.append(page)
                if len(pages) == most:
                    break
        return pages

    def commit(self, pages: Sequence[Page]) -> None:
        for page in pages:
            for stretch in page.covered:
                self.covered.setdefault(stretch.channel_id, []).append((stretch.first, stretch.last))
