"""Which channel is meant: its user name, however it was written down."""

from __future__ import annotations

import re
from typing import Final

from tg_parser.ingestor.ports import SourceRefused

SITE: Final = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/(?:s/)?(?P<rest>.+)", re.IGNORECASE)
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
INVITE: Final = re.compile(r"\+.*|joinchat(?:/.*)?|c/\d.*", re.IGNORECASE)
NUMBER: Final = re.compile(r"-?[0-9]+", re.ASCII)
SHOWN: Final = 100  # characters of what was asked for that an answer repeats


def channel_name(location: str) -> str:
    """The user name in `name`, `@name`, `t.me/name`, `https://t.me/s/name/17`. Raises SourceRefused if there is none."""
    asked = location.strip()
    found = SITE.fullmatch(asked)
    rest = (found["rest"] if found else asked.removeprefix("@")).rstrip("/")
    if INVITE.fullmatch(rest):
        raise SourceRefused(f"{asked[:SHOWN]} leads to a private channel, which has no public preview.", "private")
    if NUMBER.fullmatch(rest):
        raise SourceRefused(
            f"{asked[:SHOWN]} is a channel's number. The public preview knows channels by their user names only.",
            "unsupported",
        )
    name = re.split(r"[/?#]", rest, maxsplit=1)[0] if found else rest
    if not NAME.fullmatch(name):
        raise SourceRefused(f"{asked[:SHOWN]!r} is neither the user name of a channel nor a link to one.", "not_found")
    return name
