"""What a method of Telegram's is here, and how its answer is written."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from telethon.tl import TLObject, TLRequest

from tg_parser.testkit.datacentre.keys import KnownKey

Methods = Mapping[type[TLRequest], Callable[[KnownKey, Any], Any]]
"""By the request: what makes an answer of the asking key and the request. Each may raise Refused."""
TRUE, FALSE, VECTOR = 0x997275B5, 0xBC799737, 0x1CB5C415


def method_of(request: TLRequest) -> str:
    """The method's name as Telegram's documentation writes it: `messages.getHistory`."""
    place = type(request).__module__.removeprefix("telethon.tl.functions").strip(".")
    name = type(request).__name__.removesuffix("Request")
    return ".".join(filter(None, (place, name[:1].lower() + name[1:])))


def written(answer: Any) -> bytes:
    """An answer as bytes: an object, a yes or no, or a list of objects."""
    if isinstance(answer, bool):
        return struct.pack("<I", TRUE if answer else FALSE)
    if isinstance(answer, TLObject):
        return bytes(answer)
    return struct.pack("<Ii", VECTOR, len(answer)) + b"".join(map(bytes, answer))
