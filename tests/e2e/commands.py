"""The command line as a person uses it: one command after another, and `up` beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from system import GIVE_UP, TG_PARSER


async def command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `tg-parser` with these arguments."""
    process = await asyncio.create_subprocess_exec(
        TG_PARSER,
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(), GIVE_UP)
    return process.returncode or 0, stdout.decode(), stderr.decode()


@contextlib.asynccontextmanager
async def up(data: Path, *arguments: str, **environment: str) -> AsyncIterator[str]:
    """`tg-parser up` on a data directory; yields the gateway's URL."""
    process = await asyncio.create_subprocess_exec(
        TG_PARSER,
        *("up", "--data-dir", str(data), "--port", "0", *arguments),
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield await _announced(process)
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)


async def _announced(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    while line := (await asyncio.wait_for(process.stderr.readline(), 60)).decode():
        if found := re.search(r"ready at (http://\S+)", line):
            return found[1]
    raise AssertionError("`up` ended before it was ready")
