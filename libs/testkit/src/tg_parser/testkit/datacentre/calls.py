"""Calls as clients wrap them: which layer they speak, whether they want updates, on whose behalf."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from telethon.tl import TLRequest, functions

from tg_parser.testkit.datacentre.people import Account


@dataclass(frozen=True, slots=True)
class Call:
    """A call out of its wrappers. `introduces`: it began with `initConnection`; `takeout`: the export it is a part of."""

    request: Any
    layer: int | None = None
    introduces: bool = False
    without_updates: bool = False
    takeout: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was made. `account`: by whom; None: by somebody who is not signed in."""

    method: str
    request: Any
    account: Account | None


def unwrapped(request: TLRequest) -> Call:
    """The call within its wrappers."""
    call = Call(request)
    while True:
        inner = call.request
        match inner:
            case functions.InvokeWithLayerRequest():
                call = replace(call, request=inner.query, layer=inner.layer)
            case functions.InitConnectionRequest():
                call = replace(call, request=inner.query, introduces=True)
            case functions.InvokeWithoutUpdatesRequest():
                call = replace(call, request=inner.query, without_updates=True)
            case functions.InvokeWithTakeoutRequest():
                call = replace(call, request=inner.query, takeout=inner.takeout_id)
            case functions.InvokeAfterMsgRequest():
                call = replace(call, request=inner.query)
            case _:
                return call
