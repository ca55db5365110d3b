"""One owner per data directory: a lock the kernel gives back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tg_parser.chassis.embedded.errors import DataDirectoryInUse, EmbeddedServerError

_held: Final[set[int]] = set()
"""Descriptors of the locks this process holds; only `_forget_in_child` needs to know them all."""


@contextmanager
def owned(data_dir: Path) -> Generator[Path]:
    """Make `data_dir` (mode 0700 if it is new), lock it for this process, and give its real path.

    Does not wait: a few system calls that may be made on the event loop, where no cancellation can lose the lock.

    Raises:
        DataDirectoryInUse: another owner is alive, in this process or another one.
        EmbeddedServerError: the directory cannot be made or written.
    """
    try:
        data_dir = data_dir.resolve()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedServerError(f"{data_dir} cannot be the data directory: {error.strerror}.") from error
    try:
        _take(lock, data_dir)
        _held.add(lock)
        # The file stays afterwards: if it were deleted, two processes could each lock a file of that name.
        yield data_dir
    finally:
        _held.discard(lock)
        os.close(lock)


def _take(lock: int, data_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataDirectoryInUse(_in_use(data_dir, os.pread(lock, 32, 0).decode().strip())) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _in_use(data_dir: Path, owner: str) -> str:
    process = f"process {owner}" if owner else "another process"
    return f"The data directory {data_dir} is in use by {process}; stop it first, or choose another directory."


def _forget_in_child() -> None:
    # A forked worker (a process pool) would keep the lock alive after its parent was killed.
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
