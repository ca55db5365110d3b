"""Measuring other processes: CPU of a whole tree, its memory over time, and when it says that it is ready."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Finished:
    """A command that has ended."""

    code: int
    wall_s: float
    cpu_s: float
    output: str
    peak_mb: float
    memory: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])


def tree(root: psutil.Process) -> list[psutil.Process]:
    """A process and everything it started."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_mb(root: psutil.Process) -> float:
    """Memory of a tree, pages shared between its processes counted once (PSS)."""
    total = 0
    for process in tree(root):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied, AttributeError):
            continue
    return total / MEGABYTE


def run_measured(
    command: list[str], *, environment: dict[str, str] | None = None, sample_every: float = 0.5
) -> Finished:
    """Run `command` to its end. CPU is that of the command and of all its descendants, as the kernel counted it."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    samples: list[tuple[float, float]] = []
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, started, samples, stop, sample_every))
    sampler.start()
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read() if process.stderr else ""))
    reader.start()
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    stop.set()
    sampler.join()
    reader.join()
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    wall = time.perf_counter() - started
    peak = max((megabytes for _, megabytes in samples), default=0.0)
    return Finished(code, wall, usage.ru_utime + usage.ru_stime, output + "".join(errors) * (code != 0), peak, samples)


def _sample(pid: int, started: float, samples: list[tuple[float, float]], stop: threading.Event, every: float) -> None:
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    while not stop.wait(every):
        samples.append((time.perf_counter() - started, memory_mb(root)))


def cpu_seconds(root: psutil.Process) -> float:
    """CPU a tree has used so far, ended children included."""
    total = 0.0
    for process in tree(root):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def seconds_until(command: list[str], words: str, *, give_up: float = 60.0) -> float:
    """Seconds from starting `command` until it prints `words` to standard error; then it is stopped."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        for line in process.stderr or ():
            if words in line:
                return time.perf_counter() - started
            if time.perf_counter() - started > give_up:
                break
        raise RuntimeError(f"{command} did not say {words!r}.")
    finally:
        process.terminate()
        process.wait(30)


def commit() -> str:
    """The commit that is measured, marked if the tree differs from it."""
    here = Path(__file__).parent
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    ).stdout.strip()
    dirty = subprocess.run(
        ["git", "status", "--porcelain"], cwd=here, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (head or "unknown") + ("+changes" if dirty else "")
