"""What all commands share: their common options, where data lies, and running until done or stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.settings import TelemetrySettings
from tg_parser.cli.settings import CliSettings

T = TypeVar("T")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", envvar="TG_DATA_DIR", help="Where the embedded servers keep everything.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def directory(given: Path | None) -> Path:
    """The data directory, made if there is none."""
    path = (given or CliSettings().data_dir).expanduser().absolute()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def quiet_logs() -> None:
    """A person who waits for an answer wants the answer: only what is wrong is logged."""
    settings = TelemetrySettings()
    explicit = "log_level" in settings.model_fields_set
    configure_logging(
        settings if explicit else settings.model_copy(update={"log_level": "CRITICAL", "log_format": "console"})
    )


def print_json(data: Any) -> None:
    """For a program."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, stopping it cleanly at Ctrl-C or SIGTERM."""

    async def interruptible() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        return await work

    return uvloop.run(interruptible())
