"""One server as a child process: started through `launch`, watched, and stopped within a stated time."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from tg_parser.chassis.embedded.errors import ServerDied, ServerFailed

T = TypeVar("T")

_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_LOG_LIMIT: Final = 10_000_000  # bytes; a log larger than this at a start becomes `<log>.1`. Both servers say little.
_TAIL_BYTES: Final = 4_000
_TAIL_LINES: Final = 15

# Nothing of ours is inherited: no PG* variable of the user's shell, and messages in one language, whatever theirs is.
_ENVIRONMENT: Final = {"LC_ALL": "C", "PATH": os.defpath}


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to stop it."""

    name: str
    """As error messages call it."""

    command: tuple[str, ...]
    """The program's absolute path and its arguments. No secrets: every user of the machine can read them."""

    directory: Path
    """Its working directory, by which a server left over from a killed owner is recognised."""

    log: Path
    """Where its output is appended."""

    stop_signal: signal.Signals
    """Asks it to end cleanly; also what the kernel sends it when we die."""

    stop_within: float
    """Seconds it has for that before it is killed."""

    identity: str = "same"
    """As which user it runs: see `launch`."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables beside those every server gets."""


class ServerProcess:
    """A running server. It is in a session of its own: a terminal's Ctrl-C reaches us, and we stop it in our order."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, log_start: int) -> None:
        self._program = program
        self._process = process
        self._log_start = log_start

    @classmethod
    async def start(cls, program: Program, stack: AsyncExitStack) -> ServerProcess:
        """Start the program; leaving `stack` stops it."""
        log, log_start = await asyncio.to_thread(_open_log, program.log)
        try:
            process = await asyncio.create_subprocess_exec(
                *_launched(program),
                cwd=program.directory,
                env={**_ENVIRONMENT, **program.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        server = cls(program, process, log_start)
        stack.push_async_callback(server.stop)
        return server

    @property
    def name(self) -> str:
        """As error messages call it."""
        return self._program.name

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    async def until_ready(self, readiness: Awaitable[T], within: float) -> T:
        """Wait for `readiness` and return its result.

        Raises:
            ServerFailed: the server ended, or `within` seconds passed.
        """
        ready = asyncio.ensure_future(readiness)
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and not ended.done():
                return ready.result()
            what = f"ended while starting ({self._status()})" if ended.done() else f"was not ready in {within:g} s"
        finally:
            await _cancelled(ready, ended)
        raise ServerFailed(await self._sentence(what))

    async def finished(self, within: float) -> None:
        """Wait until it ends by itself.

        Raises:
            ServerFailed: it reported a failure, or `within` seconds passed.
        """
        try:
            async with asyncio.timeout(within):
                if await self._process.wait() == 0:
                    return
                what = f"failed ({self._status()})"
        except TimeoutError:
            what = f"did not finish in {within:g} s"
        raise ServerFailed(await self._sentence(what))

    async def watch(self) -> None:
        """Wait for as long as the server runs.

        Raises:
            ServerDied: it ended.
        """
        await self._process.wait()
        raise ServerDied(await self._sentence(f"ended unexpectedly ({self._status()})"))

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it if it does not or if this is cancelled. Nothing to do if it has ended."""
        try:
            self._signal(self._program.stop_signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._program.stop_within):
                    await self._process.wait()
        finally:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    async def said(self) -> str:
        """The last lines it wrote to its log since it was started."""
        return await asyncio.to_thread(_tail, self._program.log, self._log_start)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):  # it may end before the loop has noticed
                self._process.send_signal(number)

    def _status(self) -> str:
        code = self._process.returncode or 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    async def _sentence(self, what: str) -> str:
        tail = await self.said() or "(it wrote nothing)"
        return f"{self.name} {what}. The end of its log, {self._program.log}:\n{tail}"


def _launched(program: Program) -> list[str]:
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    return [*launcher, str(os.getpid()), str(int(program.stop_signal)), program.identity, *program.command]


def _open_log(path: Path) -> tuple[int, int]:
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    return log, os.fstat(log).st_size


def _tail(path: Path, start: int) -> str:
    with path.open("rb") as log:
        log.seek(max(start, path.stat().st_size - _TAIL_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL_LINES:])


async def _cancelled(*futures: asyncio.Future[Any]) -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
