"""The files of Postgres on one machine: made once, handed to whom Postgres runs as, configured anew at every start."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tg_parser.chassis.embedded import leftovers
from tg_parser.chassis.embedded.errors import EmbeddedServerError
from tg_parser.chassis.embedded.postgres_route import Route, nobody
from tg_parser.chassis.embedded.process import ServerProcess
from tg_parser.chassis.embedded.secret_files import write_private

USER: Final = "tg_parser"
"""Owns the database, and everything else in the cluster."""

_INITDB_WITHIN: Final = 120.0  # seconds; it takes less than one, on a busy small machine ten

# The built-in locale is the same on every system and lower-cases Cyrillic, which "C" does not; `--locale=C` is for the
# rest (dates, money), so that no locale of the operating system is needed.
_INITDB_OPTIONS: Final = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    f"--username={USER}",
    "--no-instructions",
)

# `synchronous_commit` is on although `off` would make single commits four times faster and lose no more than 0.6 s when
# the machine loses power: those commits hold answers that were paid for, from which all else is made again. And it
# costs little, for the ledger and the read models commit hundreds of rows at a time, and a model answers slower than
# any disk.
_CONFIGURATION: Final = """\
# Written at every start of the embedded server; changes here are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''    # their paths are limited to 107 bytes, and loopback is enough
max_connections = 100           # six services with a pool each
shared_buffers = 32MB           # one machine that has other things to do, and caches files itself
io_method = sync                # no reader processes: the data fits in memory
wal_level = minimal             # nobody replicates from here
max_wal_senders = 0
max_wal_size = 512MB
fsync = on
synchronous_commit = on         # paid answers must survive a power cut
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'  # queries name the language they mean
"""


def prepare_home(home: Path) -> None:
    """Make the folder of everything Postgres, and end what a killed owner left running in it. Blocks."""
    home.mkdir(mode=0o700, exist_ok=True)
    found = leftovers.left_over({"postgres", "initdb"}, {home / "cluster", home / "cluster.new"})
    # Only the first process may be asked: to the others the same signal means something else.
    leftovers.stop(found, [pid] if (pid := _postmaster(home / "cluster")) else [], signal.SIGINT)
    # Its owner is certainly gone, but its number may by now be another's, and Postgres would refuse to start.
    (home / "cluster" / "postmaster.pid").unlink(missing_ok=True)


async def make_cluster(home: Path, route: Route, stack: AsyncExitStack) -> Path:
    """The cluster in `home`, made first if there is none or its making was interrupted.

    Raises:
        ServerFailed: initdb failed.
        EmbeddedServerError: the files belong to another user.
    """
    cluster = home / "cluster"
    if await asyncio.to_thread(cluster.exists):
        await asyncio.to_thread(_hand_over, home, route.owner)
        return cluster
    unfinished = home / "cluster.new"
    await asyncio.to_thread(_clear, unfinished, route.owner)
    options = (*_INITDB_OPTIONS, f"--pwfile={route.own_path or unfinished}/../password")
    initdb = await ServerProcess.start(route.program("initdb", unfinished, *options), stack)
    await initdb.finished(_INITDB_WITHIN)
    # The name is the proof that initdb finished: an interrupted one is done again.
    await asyncio.to_thread(unfinished.rename, cluster)
    return cluster


def configure(cluster: Path, port: int) -> None:
    """Write the server's settings."""
    write_private(cluster / "postgresql.conf", _CONFIGURATION.format(port=port))


def read_password(home: Path) -> str:
    """The password of `USER`.

    Raises:
        EmbeddedServerError: its file is gone.
    """
    try:
        return (home / "password").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise EmbeddedServerError(f"The database's password is missing: {home / 'password'}.") from None


def read_port(cluster: Path) -> int | None:
    """The port on which the server takes connections, or None while it does not, as its pid file says."""
    lines = _pid_file(cluster)
    # pidfile.h: the port is the fourth line, the status the eighth.
    return int(lines[3]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def _postmaster(cluster: Path) -> int | None:
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _clear(unfinished: Path, owner: tuple[int, int]) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    write_private(unfinished.parent / "password", secrets.token_urlsafe(24))
    if os.geteuid() == 0:
        _give(unfinished.parent, owner)


def _hand_over(home: Path, owner: tuple[int, int]) -> None:
    """See to it that the files belong to `owner`: root may have run Postgres as another one the last time."""
    found = (home / "cluster").stat().st_uid
    if found == owner[0]:
        return
    if os.geteuid() != 0 or found not in {0, nobody()[0]}:
        raise EmbeddedServerError(f"{home} belongs to the user with the id {found}; start this as that user.")
    _give(home, owner)


def _give(home: Path, owner: tuple[int, int]) -> None:
    # Each folder after what is in it: a cluster that has changed hands has done so completely.
    for folder, _, names in os.walk(home, topdown=False):
        for name in (*names, ""):
            os.chown(Path(folder, name), *owner, follow_symlinks=False)
