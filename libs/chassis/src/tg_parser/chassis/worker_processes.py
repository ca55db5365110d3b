"""Processes for CPU work: spawned, and gone when their owner is, however it went."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection

from tg_parser.chassis.garbage import settle


def worker_pool(workers: int, initializer: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """A pool of `workers` processes, started when first needed.

    They are spawned, not forked: a fork copies the locks of the loop's threads in whatever state they are. A pool's worker
    does not notice that its owner was killed, because it holds both ends of its own queue; ours watch the owner itself.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(initializer,))


def _begin(initializer: Callable[[], None] | None) -> None:
    threading.Thread(target=_end_with_owner, name="owner-watch", daemon=True).start()
    if initializer:
        initializer()
    settle()


def _end_with_owner() -> None:
    owner = multiprocessing.parent_process()
    if owner is not None:
        connection.wait([owner.sentinel])
        os._exit(1)
