"""The last step before a server: what has to happen in the child process before the server's program replaces it.

Run by path as `python -I -S launch.py PARENT DEATH_SIGNAL IDENTITY PROGRAM ARGUMENT...` and never imported: a fresh
interpreter may do what a child forked from a process full of threads may not. Only the standard library, and little of
it, so that it costs some 20 ms.

IDENTITY is `same`; or `namespace:UID:GID`: that user in a user namespace of its own, and outside still the one we are,
so that it reaches everything we reach while Postgres sees an ordinary user; or `user:UID:GID`, for root: that user.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER = 0x10000000  # linux/sched.h; os.unshare is in Python 3.12 and later only


def main(parent: int, death_signal: int, identity: str, command: list[str]) -> None:
    """Become `identity`, tie our life to the parent's, and become the server."""
    kind, *ids = identity.split(":")
    if kind == "namespace":
        _enter_user_namespace(*ids)
    elif kind == "user":
        _become(*map(int, ids))
    # After the change of identity, which makes the kernel forget the signal.
    _die_with(parent, death_signal)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _enter_user_namespace(inside_uid: str, inside_gid: str) -> None:
    uid, gid = os.geteuid(), os.getegid()
    _libc("unshare", _CLONE_NEWUSER)
    # user_namespaces(7): without CAP_SETGID outside, setgroups must be denied before gid_map is written.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside_gid} {gid} 1")


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with(parent: int, death_signal: int) -> None:
    # The kernel means the thread that started us: the one of the event loop. Elsewhere `leftovers` alone sees to it.
    if sys.platform == "linux":
        _libc("prctl", _PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        raise SystemExit("The process that was starting this server has ended.")


def _libc(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc[function](*map(ctypes.c_ulong, arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    except OSError as error:
        raise SystemExit(f"{sys.argv[4]} cannot be started as '{sys.argv[3]}': {error}") from None
