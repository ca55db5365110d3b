"""Telegram's objects as JSON: what is kept of them, and what everything else here reads.

A dump is what Telethon's `to_dict()` gives, with bytes as base64 and moments as RFC 3339. Its `_` names the constructor.
Members that begin with `~` are ours: what the answer a message came in said beside it, so that a dump can be read alone.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from telethon.tl import TLObject

Dump = Mapping[str, Any]
NOTHING: Final[Dump] = {}


def dumped(value: Any) -> Any:
    """An object of Telegram's, or any part of one, as JSON. Absent members are left out: nine in ten are."""
    if isinstance(value, TLObject):
        value = value.to_dict()
    if isinstance(value, Mapping):
        return {str(name): dumped(part) for name, part in value.items() if part is not None}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return [dumped(part) for part in value] if isinstance(value, (list, tuple)) else value


def constructor(value: Any) -> str:
    """Which of Telegram's types a dump is of; empty if it is none."""
    return str(value.get("_", "")) if isinstance(value, Mapping) else ""


def part(dump: Dump, name: str) -> Dump:
    """A member that is an object; an empty one if there is none."""
    value = dump.get(name)
    return value if isinstance(value, Mapping) else NOTHING


def parts(dump: Dump, name: str) -> Sequence[Dump]:
    """The objects of a member that is a list."""
    value = dump.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, Sequence) else ()


def word(value: Any, longest: int = 1024) -> str | None:
    """A text that is not empty, cut, without the NUL characters no table can hold. Telegram's texts with styles count too."""
    if isinstance(value, Mapping):
        value = value.get("text")  # TextWithEntities: questions and answers of polls since 2024
    return value.replace("\0", "")[:longest] or None if isinstance(value, str) else None


def count(value: Any) -> int | None:
    """A number that counts something."""
    return value if type(value) is int and 0 <= value < 1 << 63 else None


def moment(value: Any) -> datetime | None:
    """A moment of a dump: RFC 3339, or seconds since 1970. Telegram writes 0 for none."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return when if when.tzinfo and when.timestamp() > 0 else None


def peer_id(peer: Any) -> str | None:
    """A peer's name in our form: a channel's bare id, `chat…` or `user…`."""
    kinds = {"PeerChannel": ("", "channel_id"), "PeerChat": ("chat", "chat_id"), "PeerUser": ("user", "user_id")}
    prefix, member = kinds.get(constructor(peer), ("", ""))
    number = count(peer.get(member)) if member else None
    return f"{prefix}{number}" if number else None
