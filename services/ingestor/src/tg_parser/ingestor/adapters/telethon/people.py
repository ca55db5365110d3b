"""Who is named in a message: an answer of Telegram lists them beside its messages, and the dump of each keeps its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, part, parts, peer_id, word

People = Mapping[str, Dump]
"""Name and user name by peer, for those that matter to one message."""
MEMBER: Final = "~people"
PREFIXES: Final = {"User": "user", "Channel": "", "ChannelForbidden": "", "Chat": "chat", "ChatForbidden": "chat"}


def everybody(peers: Iterable[Dump]) -> People:
    """What an answer's `users` and `chats` are called."""
    named = ((identity(peer), _called(peer)) for peer in peers)
    return {name: called for name, called in named if name}


def identity(peer: Dump) -> str | None:
    """A listed user or chat in our form."""
    kind, number = constructor(peer), count(peer.get("id"))
    return f"{PREFIXES[kind]}{number}" if kind in PREFIXES and number else None


def mentioned(message: Dump, everyone: People) -> dict[str, Dump]:
    """Those a message is about: who wrote it, through whom, and whom it was forwarded from."""
    forward = part(message, "fwd_from")
    bot = count(message.get("via_bot_id"))
    names = (
        peer_id(message.get("from_id")),
        peer_id(forward.get("from_id")),
        peer_id(forward.get("saved_from_id")),
        f"user{bot}" if bot else None,
    )
    return {name: everyone[name] for name in names if name and name in everyone}


def name_of(message: Dump, peer: str | None) -> str | None:
    """What somebody was called when the message was read."""
    return word(part(part(message, MEMBER), peer).get("name"), 256) if peer else None


def username_of(message: Dump, peer: str | None) -> str | None:
    """The user name somebody had when the message was read."""
    return word(part(part(message, MEMBER), peer).get("username"), 64) if peer else None


def active_username(peer: Dump) -> str | None:
    """The name links use. Some peers have only bought ones, in a list; the editable one comes first."""
    listed = [entry for entry in parts(peer, "usernames") if entry.get("active")]
    names = [peer, *sorted(listed, key=lambda entry: not entry.get("editable"))]
    return next((name for name in (word(entry.get("username"), 64) for entry in names) if name), None)


def _called(peer: Dump) -> dict[str, Any]:
    parts_of_name = (word(peer.get(member), 256) for member in ("title", "first_name", "last_name"))
    called = {"name": " ".join(filter(None, parts_of_name)), "username": active_username(peer)}
    return {member: value for member, value in called.items() if value}
