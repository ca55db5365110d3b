"""From a call to what is sent back: its answer, Telegram's refusal, or what goes wrong on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from telethon.tl import TLRequest, types

from tg_parser.testkit.datacentre.calls import Asked, Call, unwrapped
from tg_parser.testkit.datacentre.connection import Connection
from tg_parser.testkit.datacentre.faults import Dropped, Faults, Late, Silent, Unreadable
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods, method_of, written
from tg_parser.testkit.datacentre.refusals import Refused, refusal
from tg_parser.testkit.datacentre.unknown import Unknown


@dataclass(slots=True)
class Answering:
    """Answers calls. `calls` holds all that came, in order, those that met a fault too."""

    methods: Methods
    faults: Faults = field(default_factory=Faults)
    calls: list[Asked] = field(default_factory=list[Asked])

    def take(self, connection: Connection, msg_id: int, request: TLRequest) -> None:
        """Answer a call, or do what goes wrong with it."""
        call, known = unwrapped(request), connection.known
        assert known is not None
        known.wants_updates = (known.wants_updates or call.introduces) and not call.without_updates
        method = method_of(call.request)
        self.calls.append(Asked(method, call.request, known.account))
        answer = partial(self._answer, connection, msg_id, known, call)
        match fault := self.faults.next(method):
            case None:
                answer()
            case Refused():
                connection.answer(msg_id, _error(fault))
            case Unreadable():
                connection.answer(msg_id, bytes(Unknown()))
            case Silent():
                connection.acknowledge(msg_id)
            case Late():
                connection.acknowledge(msg_id)
                fault.keep(answer)
            case Dropped(when):
                if when == "after":
                    answer()
                connection.close()

    def _answer(self, connection: Connection, msg_id: int, known: KnownKey, call: Call) -> None:
        try:
            body = written(self._answered(known, call))
        except Refused as refused:
            body = _error(refused)
        connection.answer(msg_id, body)

    def _answered(self, known: KnownKey, call: Call) -> Any:
        if known.refusal:
            raise refusal(known.refusal)
        if call.takeout is not None and (known.account is None or call.takeout != known.account.id):
            raise refusal("TAKEOUT_INVALID")
        method = self.methods.get(type(call.request))
        if method is None:
            raise refusal("METHOD_INVALID")
        return method(known, call.request)


def _error(refused: Refused) -> bytes:
    return bytes(types.RpcError(refused.code, refused.word))
