"""Servers that can be taken away and given back while clients hold on to them, as fixtures.

A nats-server that is killed and started again on the same port with the same store; and a gate in front of Postgres,
which keeps its address while the server behind it changes.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest_asyncio

from tg_parser.testkit.waiting import eventually

CONFIGURATION = """\
host: "127.0.0.1"
port: {port}
jetstream {{ store_dir: "store" }}
"""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class StoppableNats:
    """A nats-server with a fixed port and a store that outlives it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        (home / "nats.conf").write_text(CONFIGURATION.format(port=self._port))

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it; it accepts connections when this returns."""
        self._process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("nats-server")),
            *("-c", "nats.conf", "-l", "nats.log"),
            cwd=self._home,
            stdin=asyncio.subprocess.DEVNULL,
        )
        await eventually(self._accepts)

    async def kill(self) -> None:
        """End it as a power switch would: no farewell, nothing flushed that was not."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    def freeze(self) -> None:
        """Let it hang: connections stay open, and nothing answers."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    async def _accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True


class Gate:
    """A TCP address that leads to a server which may change, and that can be shut."""

    def __init__(self) -> None:
        self._target: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Begin to listen; returns the port."""
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def lead_to(self, host: str, port: int) -> None:
        """Let new connections through to there."""
        self._target = (host, port)

    async def shut(self) -> None:
        """Break every connection and refuse new ones."""
        self._target = None
        passing = list(self._passing)
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def close(self) -> None:
        """Shut it for good."""
        await self.shut()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond: asyncio.StreamWriter | None = None
        try:
            if self._target:
                inward, beyond = await asyncio.open_connection(*self._target)
                await asyncio.wait(
                    {asyncio.create_task(_copy(reader, beyond)), asyncio.create_task(_copy(inward, writer))},
                    return_when=asyncio.FIRST_COMPLETED,
                )
        except OSError:
            return
        finally:
            for side in (writer, beyond):
                if side:
                    side.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest_asyncio.fixture(loop_scope="session")
async def stoppable_nats(tmp_path: Path) -> AsyncIterator[StoppableNats]:
    """A running nats-server that a test may kill and start again."""
    server = StoppableNats(tmp_path)
    await server.start()
    yield server
    await server.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def gate() -> AsyncIterator[Gate]:
    """A gate that leads nowhere yet."""
    gate = Gate()
    yield gate
    await gate.close()
