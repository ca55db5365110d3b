"""Which channel a page is of. Its user name may be given to another channel tomorrow; its number is told in passing only.

Each post has a `data-view`, base64url of `{"c": -<number>, "p": <post>, "t": <moment>, "h": <hash>}` (`p` of an album: `"71000g"`),
and a post that is shown alone has a `data-peer`, `c<number>_<hash>`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.markup import attribute

POST: Final = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{2,63})/(?P<id>[0-9]{1,15})", re.ASCII)
PEER: Final = re.compile(r"c(?P<id>[0-9]{1,15})_", re.ASCII)
MARKED: Final = 1_000_000_000_000
"""Bots know channel 1 as -100…01; bare numbers stay below (core.telegram.org/api/bots/ids)."""


def post_of(widget: LexborNode) -> tuple[str, int] | None:
    """User name and message id of a post; None if it is none of the channel's, as an advertisement."""
    found = POST.fullmatch(attribute(widget, "data-post"))
    return (found["name"], int(found["id"])) if found else None


def bare_id(channel_id: str | None) -> str | None:
    """A channel's number, however it was written down."""
    return channel_id.removeprefix("-100") if channel_id else None


def channel_of(widget: LexborNode) -> str | None:
    """The number of the channel a post is in; None if it is not told."""
    viewed = _viewed(attribute(widget, "data-view"))
    if type(viewed) is int and viewed != 0:
        return str(abs(viewed) % MARKED)
    peer = PEER.match(attribute(widget, "data-peer"))
    return peer["id"] if peer else None


def _viewed(encoded: str) -> Any:
    try:
        decoded = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return decoded.get("c") if isinstance(decoded, dict) else None
