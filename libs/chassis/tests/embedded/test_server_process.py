"""Time-outs of a server that never becomes ready, and of one that does not want to end."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from tg_parser.chassis.embedded.errors import ServerFailed
from tg_parser.chassis.embedded.polling import until
from tg_parser.chassis.embedded.process import Program, ServerProcess


def shell(directory: Path, script: str) -> Program:
    return Program(
        name="the server",
        command=("/bin/sh", "-c", script),
        directory=directory,
        log=directory / "log",
        stop_signal=signal.SIGTERM,
        stop_within=0.05,
    )


async def test_a_server_that_never_becomes_ready_is_given_up_with_what_it_said(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await ServerProcess.start(shell(tmp_path, "echo waiting for godot; exec sleep 60"), stack)
        await until_it_said(server, "godot")
        with pytest.raises(ServerFailed, match=r"(?s)the server was not ready in 0\.05 s.*godot") as failed:
            await server.until_ready(asyncio.get_running_loop().create_future(), 0.05)
        assert str(tmp_path / "log") in str(failed.value)
    assert not psutil.pid_exists(server.pid)


async def test_a_server_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        script = "trap '' TERM; echo stubborn; while :; do sleep 0.02; done"
        server = await ServerProcess.start(shell(tmp_path, script), stack)
        await until_it_said(server, "stubborn")
    assert not psutil.pid_exists(server.pid)


async def test_only_what_the_server_said_since_this_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("an old trouble\n")
    async with AsyncExitStack() as stack:
        server = await ServerProcess.start(shell(tmp_path, "echo a new trouble; exit 3"), stack)
        with pytest.raises(ServerFailed, match=r"failed \(exit status 3\)") as failed:
            await server.finished(10)
    assert "a new trouble" in str(failed.value)
    assert "old" not in str(failed.value)


async def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x" * 10_000_001)
    async with AsyncExitStack() as stack:
        await (await ServerProcess.start(shell(tmp_path, "echo new"), stack)).finished(10)
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").stat().st_size == 10_000_001


async def until_it_said(server: ServerProcess, words: str) -> None:
    async def heard() -> str | None:
        return words if words in await server.said() else None

    await asyncio.wait_for(until(heard), 10)
