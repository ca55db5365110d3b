"""`tg-parser`: the command line.

Every command that prints data takes `--json`. Exit codes: 0 done, 1 failed, 2 usage, 3 partial, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tg_parser.chassis.embedded import EmbeddedServerError
from tg_parser.chassis.errors import ChassisError
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.settings import TelemetrySettings
from tg_parser.cli import (
    account_commands,
    erase_command,
    import_command,
    plan_command,
    reports,
    run_command,
    source_commands,
    up_command,
)
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.shell import AsJson, DataDir, directory, print_json, quiet_logs, run_to_end
from tg_parser.cli.summary import show
from tg_parser.processor.settings import LlmSettings

app = typer.Typer(
    name="tg-parser",
    help="Turns Telegram channels into a knowledge base.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
workflows = typer.Typer(help="Workflows: what was asked for and how it went.", no_args_is_help=True)
app.add_typer(workflows, name="workflows")
app.add_typer(source_commands.sources, name="sources")
app.add_typer(account_commands.accounts, name="accounts")
app.command("login")(account_commands.login)
app.command("logout")(account_commands.logout)
app.command("add-source")(source_commands.add_source)
app.command("ingest")(source_commands.ingest)
app.command("erase")(erase_command.erase)
app.command("import-v2")(import_command.import_v2)


@app.command()
def run(  # noqa: PLR0917 - Typer makes options of them, by name
    file: Annotated[Path, typer.Argument(help="A Telegram Desktop result.json, or the folder that holds it.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write the knowledge base to.")],
    data_dir: DataDir = None,
    provider: Annotated[
        str,
        typer.Option(
            help="local (no key, no network), openai (any compatible server), anthropic, gemini, ollama, replay."
        ),
    ] = "",
    model: Annotated[str, typer.Option(help="The model's name at its provider.")] = "",
    pretty: Annotated[bool, typer.Option(help="Indent the JSON files.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be processed, and about what it would cost.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Process again what was processed before.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Process again only what failed in earlier runs.")
    ] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Messages in work at once.")] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="US dollars the run may spend on models.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens the run may use.")] = None,
    max_messages: Annotated[int | None, typer.Option(min=0, help="Messages the run may send to a model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read an export, understand its messages, group them into topics and write a knowledge base. Repeating it resumes it."""
    quiet_logs()
    llm = LlmSettings()
    options = run_command.RunOptions(force, retry_failed, concurrency, max_cost, max_tokens, max_messages)
    request = run_command.check_request(file, out, llm, provider=provider, model=model, pretty=pretty, options=options)
    if dry_run:
        planned = run_to_end(plan_command.planned(request.file, llm.for_choice(provider, model), llm))
        print_json(planned) if as_json else plan_command.show(Console(), planned)
        return
    summary = run_to_end(run_command.run_export(request, directory(data_dir), llm, Console(stderr=as_json)))
    if as_json:
        print_json(summary)
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
    composition = up_command.composition(directory(data_dir), port, import_root or [], export_root or [])
    run_to_end(up_command.keep_running(composition, Console(stderr=True)))


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Whether a system runs on the data directory, and whether everything in it answers."""
    quiet_logs()
    found = run_to_end(reports.status(directory(data_dir)))
    print_json(found) if as_json else reports.show_status(Console(), found)
    raise typer.Exit(ExitCode.DONE if found["running"] and found["health"].get("status") == "ok" else ExitCode.FAILED)


@workflows.command("list")
def list_workflows(data_dir: DataDir = None, limit: int = 20, as_json: AsJson = False) -> None:
    """The newest workflows."""
    quiet_logs()
    found = run_to_end(reports.workflows(directory(data_dir), limit))
    print_json(found) if as_json else reports.show_workflows(Console(), found)


@workflows.command("show")
def show_workflow(workflow_id: str, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """One workflow, stage by stage."""
    quiet_logs()
    found = run_to_end(reports.workflow(directory(data_dir), workflow_id))
    print_json(found) if as_json else reports.show_workflow(Console(), found)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="The folder to write the knowledge base to.")],
    data_dir: DataDir = None,
    pretty: Annotated[bool, typer.Option(help="Indent the JSON files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the knowledge base as it stands, without reading or processing anything."""
    quiet_logs()
    target = out.resolve()
    target.mkdir(parents=True, exist_ok=True)
    found = run_to_end(reports.export(directory(data_dir), target, pretty=pretty, console=Console(stderr=True)))
    print_json(found) if as_json else reports.show_workflow(Console(), found)
    if found["state"] != "completed":
        raise CommandFailed(str(found.get("error") or "The export could not be written."))


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
