"""Where to read, in the many ways people write it: a name, a link, an id, an invitation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tg_parser.ingestor.ports import SourceRefused

LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.(?:me|dog))/(?P<path>[^?#\s]+)(?:[?#]\S*)?", re.IGNORECASE
)
NAME: Final = re.compile(r"@?(?P<name>[A-Za-z][A-Za-z0-9_]{2,31})")
CHANNEL: Final = re.compile(r"(?:-100(?=[0-9]{5}))?(?P<id>[0-9]{1,16})")
GROUP: Final = re.compile(r"(?:chat|-)(?P<id>[0-9]{1,16})")
INVITATION: Final = re.compile(r"(?:\+|joinchat/)(?P<hash>[A-Za-z0-9_-]{6,64})/?")
PRIVATE: Final = re.compile(r"c/(?P<id>[0-9]{1,16})(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Named:
    """A user name, in lower case: Telegram does not tell its cases apart."""

    name: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A channel's bare id, or a basic group's as `chat…`."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class Invited:
    """The secret part of an invite link."""

    invitation: str


def where(location: str) -> Named | Numbered | Invited:
    """What a location names. Raises SourceRefused if it is none of the forms known."""
    text = location.strip()
    link = LINK.fullmatch(text)
    found = _linked(link["path"]) if link else _plain(text)
    if found is None:
        raise SourceRefused(
            f"{location[:100]!r} names no channel: a user name, a t.me link, an id or an invite link is expected.",
            "unreadable",
        )
    return found


def _linked(path: str) -> Named | Numbered | Invited | None:
    if found := INVITATION.fullmatch(path):
        return Invited(found["hash"])
    if found := PRIVATE.fullmatch(path):
        return Numbered(str(int(found["id"])))
    found = NAME.fullmatch(path.removeprefix("s/").split("/")[0])
    return Named(found["name"].lower()) if found else None


def _plain(text: str) -> Named | Numbered | Invited | None:
    if found := CHANNEL.fullmatch(text):
        return Numbered(str(int(found["id"])))
    if found := GROUP.fullmatch(text):
        return Numbered(f"chat{int(found['id'])}")
    if found := INVITATION.fullmatch(text):
        return Invited(found["hash"])
    found = NAME.fullmatch(text)
    return Named(found["name"].lower()) if found else None
