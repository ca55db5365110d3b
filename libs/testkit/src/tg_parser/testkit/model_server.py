"""A stand-in for any provider on a loopback port: it keeps what it was sent and answers as it was told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tg_parser.testkit.described import described
from tg_parser.testkit.dialects import Counts, Dialect, End, Heard, Trouble
from tg_parser.testkit.http_exchange import BODY_LIMIT, Request, read_request, response

TYPICAL = Counts(fresh=900, output=100)


@dataclass(frozen=True, slots=True)
class Say:
    """An answer. None is what a well-behaved model says about the posts it is shown."""

    text: str | None = None
    end: End = "done"
    counts: Counts = TYPICAL
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Fail:
    """A failure as the provider words it; `wait` is how long it asks us to stay away."""

    trouble: Trouble
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """Any bytes at all."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Drip:
    """A proper answer, one byte at a time, so slowly that it never ends."""

    every_s: float = 0.02


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection ends in the middle of an answer."""


Act = Say | Fail | Raw | Drip | HangUp
Script = Callable[[Heard, int], Act | Awaitable[Act]]


def _well(heard: Heard, number: int) -> Act:
    del heard, number
    return Say()


@dataclass(slots=True)
class ModelServer:
    """One provider, standing in.

    Attributes:
        dialect: whose API it speaks. A request that API would not take is answered with 500, and `complaints` says why.
        script: what it does about the n-th request, from 0.
        heard: what it understood, in order.
        sent: the same as it came.
        url: the base URL to give to an adapter.
    """

    dialect: Dialect
    script: Script = _well
    heard: list[Heard] = field(default_factory=list[Heard])
    sent: list[Request] = field(default_factory=list[Request])
    complaints: list[str] = field(default_factory=list[str])
    url: str = ""
    answered: int = 0
    _connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = field(default_factory=dict[Any, Any])

    async def close(self) -> None:
        """End every connection."""
        for task, writer in tuple(self._connections.items()):
            writer.close()
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        if task is not None:
            self._connections[task] = writer
            task.add_done_callback(lambda done: self._connections.pop(done, None))
        try:
            while request := await read_request(reader):
                await self._exchange(request, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client had enough, or the test; asyncio reports a cancelled connection as a fault
        finally:
            writer.close()

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> None:
        try:
            heard = self.dialect.hear(request)
        except (AssertionError, KeyError, TypeError, ValueError) as wrong:
            self.complaints.append(f"{type(wrong).__name__}: {wrong}")
            writer.write(response(500, _json({"error": self.complaints[-1]})))
            await writer.drain()
            return
        number = len(self.heard)
        self.heard.append(heard)
        self.sent.append(request)
        act = self.script(heard, number)
        await self._act(act if isinstance(act, Say | Fail | Raw | Drip | HangUp) else await act, heard, writer)

    async def _act(self, act: Act, heard: Heard, writer: asyncio.StreamWriter) -> None:
        match act:
            case Say():
                await asyncio.sleep(act.after_s)
                writer.write(response(200, self._answer(heard, act)))
                self.answered += 1
            case Fail():
                refusal = self.dialect.refusal(act.trouble, act.wait)
                writer.write(response(refusal.status, _json(refusal.body), refusal.headers))
            case Raw():
                writer.write(response(act.status, act.body, {"content-type": act.content_type}))
            case Drip():
                for byte in response(200, self._answer(heard, Say())):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(act.every_s)
            case HangUp():
                writer.write(response(200, self._answer(heard, Say()))[:150])
                await writer.drain()
                raise ConnectionResetError
        await writer.drain()

    def _answer(self, heard: Heard, said: Say) -> bytes:
        text = said.text
        if text is None:
            text = json.dumps(described(heard.turns[0][1], heard.schema or {"properties": {}}), ensure_ascii=False)
        return _json(self.dialect.answer(heard, text, said.end, said.counts))


@asynccontextmanager
async def model_server(dialect: Dialect, script: Script = _well) -> AsyncGenerator[ModelServer]:
    """The stand-in, listening until the block ends."""
    stand_in = ModelServer(dialect, script)
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0, limit=BODY_LIMIT)
    stand_in.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{dialect.version_path}"
    try:
        yield stand_in
    finally:
        server.close()
        await stand_in.close()


def script_of(*acts: Act) -> Script:
    """Do these things in order, and the last of them ever after."""
    return lambda _, number: acts[min(number, len(acts) - 1)]


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
