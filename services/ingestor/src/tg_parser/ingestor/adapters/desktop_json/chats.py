"""What an export says about a chat, and how peers are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

PREFIXES: Final = {
    "public_channel": "",
    "private_channel": "",
    "public_supergroup": "",
    "private_supergroup": "",
    "private_group": "chat",
    "personal_chat": "user",
    "bot_chat": "user",
    "saved_messages": "user",
    "replies": "user",
    "verify_codes": "user",
}
"""A chat's type decides what its bare id is the id of."""
BROADCAST: Final = frozenset({"public_channel", "private_channel"})
PEER: Final = re.compile(r"(?P<kind>user|channel|chat|group)(?P<id>[0-9]{1,20})")
PEER_PREFIXES: Final = {"user": "user", "channel": "", "chat": "chat", "group": "chat"}
MARKED: Final = re.compile(r"-100(?P<id>[0-9]{9,})")
LONGEST_TITLE: Final = 256


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of an export. `broadcast`: its messages are the channel's own, not a person's."""

    channel_id: str
    title: str
    channel_type: str

    @property
    def broadcast(self) -> bool:
        """Whether messages are signed by the channel and not by whoever wrote them."""
        return self.channel_type in BROADCAST


def chat_of(members: dict[str, Any]) -> Chat:
    """The chat with these members. Raises Unreadable if it cannot be named."""
    kind, number = members.get("type"), members.get("id")
    title = members.get("name") or str(kind).replace("_", " ").capitalize()  # saved messages and replies have no name
    title = str(title).replace("\0", "")[:LONGEST_TITLE]
    if not isinstance(kind, str) or kind not in PREFIXES:
        raise Unreadable(
            f"The chat {title!r} has the type {str(kind)[:50]!r}, which is not known; its messages were left out."
        )
    if type(number) is not int or not 0 < abs(number) < 1 << 53:
        raise Unreadable(f"The chat {title!r} has no id before its messages; they were left out.")
    return Chat(f"{PREFIXES[kind]}{_bare(number)}", title, kind)


def peer_id(value: Any) -> str | None:
    """The id of the peer `user1`, `channel1` or `chat1` (older exports: `group1`) in our form, or None."""
    found = PEER.fullmatch(value) if isinstance(value, str) else None
    return f"{PEER_PREFIXES[found['kind']]}{int(found['id'])}" if found else None


def _bare(number: int) -> int:
    marked = MARKED.fullmatch(str(number))  # Telegram Desktop writes bare ids; other writers of the format mark them
    return int(marked["id"]) if marked else abs(number)
