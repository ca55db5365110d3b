"""`tg-parser`: the command line.

Every command that prints data takes `--json`. Exit codes: 0 done, 1 failed, 2 usage, 3 partial, 130 interrupted.
"""

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
from rich.console import Console

from tg_parser.chassis.embedded import EmbeddedServerError
from tg_parser.chassis.errors import ChassisError
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.settings import TelemetrySettings
from tg_parser.cli import reports, run_command, up_command
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.settings import CliSettings
from tg_parser.cli.summary import show
from tg_parser.processor.settings import LlmSettings

T = TypeVar("T")

app = typer.Typer(
    name="tg-parser",
    help="Turns Telegram channels into a knowledge base.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
workflows = typer.Typer(help="Workflows: what was asked for and how it went.", no_args_is_help=True)
app.add_typer(workflows, name="workflows")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", envvar="TG_DATA_DIR", help="Where the embedded servers keep everything.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def run(  # noqa: PLR0917 - Typer makes options of them, by name
    file: Annotated[Path, typer.Argument(help="A Telegram Desktop result.json, or the folder that holds it.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write the knowledge base to.")],
    data_dir: DataDir = None,
    provider: Annotated[str, typer.Option(help="local (no key, no network) or openai (any compatible server).")] = "",
    model: Annotated[str, typer.Option(help="The model's name at its provider.")] = "",
    pretty: Annotated[bool, typer.Option(help="Indent the JSON files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read an export, understand its messages, group them into topics and write a knowledge base. Repeating it resumes it."""
    _quiet_logs()
    llm = LlmSettings()
    request = run_command.check_request(file, out, llm, provider=provider, model=model, pretty=pretty)
    summary = _run(run_command.run_export(request, _data_dir(data_dir), llm, Console(stderr=as_json)))
    if as_json:
        _print_json(summary)
    else:
        show(Console(), summary)
    if summary["error"]:
        raise CommandFailed(str(summary["error"]), run_command.exit_code(summary))
    raise typer.Exit(run_command.exit_code(summary))


@app.command()
def up(
    data_dir: DataDir = None,
    port: Annotated[
        int | None, typer.Option(help="The gateway's port; a free one is taken if none is named and 8000 is busy.")
    ] = None,
    import_root: Annotated[
        list[Path] | None, typer.Option(help="A folder exports may be read from. May be repeated.")
    ] = None,
    export_root: Annotated[
        list[Path] | None, typer.Option(help="A folder files may be written to. May be repeated.")
    ] = None,
) -> None:
    """Start every service in one process and keep it running."""
    configure_logging(TelemetrySettings())
    composition = up_command.composition(_data_dir(data_dir), port, import_root or [], export_root or [])
    _run(up_command.keep_running(composition, Console(stderr=True)))


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Whether a system runs on the data directory, and whether everything in it answers."""
    _quiet_logs()
    found = _run(reports.status(_data_dir(data_dir)))
    _print_json(found) if as_json else reports.show_status(Console(), found)
    raise typer.Exit(ExitCode.DONE if found["running"] and found["health"].get("status") == "ok" else ExitCode.FAILED)


@workflows.command("list")
def list_workflows(data_dir: DataDir = None, limit: int = 20, as_json: AsJson = False) -> None:
    """The newest workflows."""
    _quiet_logs()
    found = _run(reports.workflows(_data_dir(data_dir), limit))
    _print_json(found) if as_json else reports.show_workflows(Console(), found)


@workflows.command("show")
def show_workflow(workflow_id: str, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """One workflow, stage by stage."""
    _quiet_logs()
    found = _run(reports.workflow(_data_dir(data_dir), workflow_id))
    _print_json(found) if as_json else reports.show_workflow(Console(), found)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="The folder to write the knowledge base to.")],
    data_dir: DataDir = None,
    pretty: Annotated[bool, typer.Option(help="Indent the JSON files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the knowledge base as it stands, without reading or processing anything."""
    _quiet_logs()
    target = out.resolve()
    target.mkdir(parents=True, exist_ok=True)
    found = _run(reports.export(_data_dir(data_dir), target, pretty=pretty, console=Console(stderr=True)))
    _print_json(found) if as_json else reports.show_workflow(Console(), found)
    if found["state"] != "completed":
        raise CommandFailed(str(found.get("error") or "The export could not be written."))


def _data_dir(given: Path | None) -> Path:
    path = (given or CliSettings().data_dir).expanduser().absolute()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _quiet_logs() -> None:
    """A person who waits for an answer wants the answer: only what is wrong is logged."""
    settings = TelemetrySettings()
    explicit = "log_level" in settings.model_fields_set
    configure_logging(
        settings if explicit else settings.model_copy(update={"log_level": "CRITICAL", "log_format": "console"})
    )


def _print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, stopping it cleanly at Ctrl-C or SIGTERM."""

    async def interruptible() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        return await work

    return uvloop.run(interruptible())


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except CommandFailed as failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(failed.code)
    except (ChassisError, EmbeddedServerError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(ExitCode.FAILED)
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.stderr.write("Stopped. The same command goes on where it stopped.\n")
        sys.exit(ExitCode.INTERRUPTED)
