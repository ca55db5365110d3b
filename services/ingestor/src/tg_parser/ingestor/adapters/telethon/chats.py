"""What is known of a chat an account can read: how to address it, and how it presents itself."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from telethon.tl import types

from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, part, word
from tg_parser.ingestor.adapters.telethon.people import active_username, identity
from tg_parser.ingestor.domain import ChannelSeen

READABLE: Final = frozenset({"Channel", "Chat"})


class ChatRecord(BaseModel):
    """A chat as one account addresses it. Access hashes are worth nothing to any other account.

    `predecessor_last` is the last id of the basic group that became this supergroup, and `last_id` the same, as that group's
    own: nothing is written there any more. `visible_from` is the first id this account may see. `full_at` says when the
    chat's details were asked for, as seconds since 1970 (0: never), and `looked_back` when recent posts were last read again,
    by how many seconds back.
    """

    model_config = ConfigDict(frozen=True)

    channel_id: str
    access_hash: int = Field(default=0, repr=False)
    title: str = ""
    channel_type: str = "private_channel"
    username: str | None = None
    usernames: tuple[str, ...] = ()
    protected: bool = False
    forum: bool = False
    restricted: bool = False
    predecessor_id: str | None = None
    predecessor_last: int = 0
    last_id: int = 0
    discussion_id: str | None = None
    visible_from: int = 1
    full_at: float = 0.0
    looked_back: dict[int, float] = Field(default_factory=dict[int, float])

    @property
    def number(self) -> int:
        """Telegram's bare id."""
        return int(self.channel_id.removeprefix("chat"))

    @property
    def is_group(self) -> bool:
        """Whether it is a basic group, which needs no access hash."""
        return self.channel_id.startswith("chat")

    @property
    def is_broadcast(self) -> bool:
        """Whether it speaks itself, and people only comment."""
        return self.channel_type.endswith("channel")

    def peer(self) -> Any:
        """How it is addressed in requests."""
        if self.is_group:
            return types.InputPeerChat(self.number)
        return types.InputPeerChannel(self.number, self.access_hash)

    def seen(self) -> ChannelSeen:
        """How it presents itself."""
        return ChannelSeen(
            channel_id=self.channel_id,
            title=self.title,
            channel_type=self.channel_type,
            username=self.username,
            predecessor_id=self.predecessor_id,
            discussion_id=self.discussion_id if self.is_broadcast else None,
            protected=self.protected,
        )


def record_of(chat: Dump, known: ChatRecord | None = None) -> ChatRecord | None:
    """The record of a listed chat, on top of what was known of it; None if it is nothing one can read.

    A chat listed in passing (`min`) has no access hash that works everywhere, so a known one is kept.
    """
    channel_id = identity(chat)
    if constructor(chat) not in READABLE or channel_id is None:
        return None
    known = known or ChatRecord(channel_id=channel_id)
    if chat.get("min"):
        return known if known.access_hash else None
    kind = _kind(chat)
    username = active_username(chat)
    return known.model_copy(
        update={
            "access_hash": chat.get("access_hash") or known.access_hash,
            "title": word(chat.get("title"), 256) or known.title,
            "channel_type": kind if kind == "private_group" else f"{'public' if username else 'private'}_{kind}",
            "username": username,
            "usernames": _usernames(chat),
            "protected": chat.get("noforwards") is True,
            "forum": chat.get("forum") is True,
            "restricted": chat.get("restricted") is True,
        }
    )


def with_details(record: ChatRecord, full: Dump, at: float) -> ChatRecord:
    """The record with what only `getFullChannel` or `getFullChat` tells."""
    predecessor, linked = count(full.get("migrated_from_chat_id")), count(full.get("linked_chat_id"))
    return record.model_copy(
        update={
            "predecessor_id": f"chat{predecessor}" if predecessor else None,
            "predecessor_last": count(full.get("migrated_from_max_id")) or 0,
            "discussion_id": str(linked) if linked else None,
            "visible_from": (count(full.get("available_min_id")) or 0) + 1,
            "full_at": at,
        }
    )


def successor_of(chat: Dump) -> ChatRecord | None:
    """The supergroup a basic group has become."""
    moved = part(chat, "migrated_to")
    number = count(moved.get("channel_id"))
    if not number:
        return None
    return ChatRecord(
        channel_id=str(number), access_hash=moved.get("access_hash") or 0, title=word(chat.get("title")) or ""
    )


def predecessor_of(record: ChatRecord) -> ChatRecord | None:
    """The basic group a supergroup was, whose messages have ids of their own."""
    if record.predecessor_id is None:
        return None
    return ChatRecord(
        channel_id=record.predecessor_id,
        title=record.title,
        channel_type="private_group",
        last_id=record.predecessor_last,
    )


def _kind(chat: Dump) -> Literal["private_group", "channel", "supergroup"]:
    if constructor(chat) == "Chat":
        return "private_group"
    return "channel" if chat.get("broadcast") else "supergroup"


def _usernames(chat: Dump) -> tuple[str, ...]:
    listed = [entry.get("username") for entry in chat.get("usernames") or ()]
    names = (word(name, 64) for name in (chat.get("username"), *listed))
    return tuple(dict.fromkeys(name.lower() for name in names if name))
