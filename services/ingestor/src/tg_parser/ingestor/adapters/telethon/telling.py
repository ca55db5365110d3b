"""What a piece of a chat's history becomes: messages, what could not be read as one, and the originals of both. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon.tl import types

from tg_parser.contracts.messages import RejectedInput
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.adapters.telethon.dumps import dumped
from tg_parser.ingestor.adapters.telethon.extras import metrics_of
from tg_parser.ingestor.adapters.telethon.history import Piece, Unknown
from tg_parser.ingestor.adapters.telethon.message import reparse
from tg_parser.ingestor.adapters.telethon.people import MEMBER, everybody, mentioned
from tg_parser.ingestor.adapters.telethon.relations import FORUM, ROOT
from tg_parser.ingestor.adapters.telethon.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, SourceItem
from tg_parser.ingestor.originals import Original, pack


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages of a piece are to be told. `only`: those alone (None: all); `since`, `until`: by their moments."""

    last: int
    since: datetime | None = None
    until: datetime | None = None
    only: Collection[int] | None = None

    def has(self, message: Any) -> bool:
        """Whether it is wanted."""
        moment = message.date
        early = self.since and moment and moment < self.since
        late = self.until and moment and moment >= self.until
        return not early and not late and (self.only is None or message.id in self.only)


@dataclass(frozen=True, slots=True)
class Told:
    """What a piece became. `holes`: ids where something stands that was not told as a message."""

    items: tuple[SourceItem, ...]
    originals: bytes | None
    consumed: int
    holes: frozenset[int]


@dataclass(slots=True)
class _Page:
    items: list[SourceItem] = field(default_factory=list[SourceItem])
    originals: list[Original] = field(default_factory=list[Original])
    holes: set[int] = field(default_factory=set[int])


def told(piece: Piece, record: ChatRecord, roots: Mapping[int, str], wanted: Wanted, position: int) -> Told:
    """The page a piece of a chat becomes. `position` counts the messages that came before it."""
    people = everybody(dumped([*piece.users, *piece.chats]))
    page = _Page()
    inside = [message for message in piece.messages if message.id <= wanted.last and _exists(message)]
    for message in inside:
        if not wanted.has(message):
            page.holes.add(message.id)
            continue
        original = dumped(message)
        original |= {MEMBER: mentioned(original, people)} | ({FORUM: True} if record.forum else {})
        original |= {ROOT: roots[message.id]} if message.id in roots else {}
        _add(page, original, record.seen(), position + len(page.items))
    if piece.unknown:
        _add_unknown(page, piece.unknown, record, position + len(page.items))
    return Told(tuple(page.items), _packed(page.originals), len(inside) + bool(piece.unknown), frozenset(page.holes))


def _exists(message: Any) -> bool:
    """Telegram writes `messageEmpty` where there was one."""
    return not isinstance(message, types.MessageEmpty)


def _packed(originals: Sequence[Original]) -> bytes | None:
    return pack(originals) if originals else None


def _add(page: _Page, original: Any, channel: ChannelSeen, position: int) -> None:
    try:
        message = reparse(original, channel)
    except Unreadable as unreadable:
        reason = str(unreadable)[:500]
        rejected = RejectedInput(
            position=position, channel_id=channel.channel_id, message_id=original["id"], reason=reason
        )
        _reject(page, rejected, original)
        return
    page.items.append(MessageSeen(message, message.content_hash(), metrics_of(original)))
    page.originals.append(Original(message.source_ref, original))


def _add_unknown(page: _Page, unknown: Unknown, record: ChatRecord, position: int) -> None:
    kind = f"{unknown.constructor & 0xFFFFFFFF:08x}"
    reason = f"There is something in it that is not known yet (the constructor {kind})."
    rejected = RejectedInput(
        position=position, channel_id=record.channel_id, message_id=unknown.message_id, reason=reason
    )
    _reject(page, rejected, {"_": "Unknown", "id": unknown.message_id, "constructor": kind})


def _reject(page: _Page, rejected: RejectedInput, original: Any) -> None:
    page.items.append(rejected)
    page.originals.append(Original(None, original))
    page.holes |= {rejected.message_id} if rejected.message_id else set()
