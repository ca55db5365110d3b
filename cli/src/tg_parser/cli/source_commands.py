"""`tg-parser sources …`, `add-source` and `ingest`: what is read again and again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from tg_parser.cli import reports
from tg_parser.cli import sources as use
from tg_parser.cli.all_in_one import account_settings
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.shell import AsJson, DataDir, directory, print_json, quiet_logs, run_to_end
from tg_parser.ingestor.adapters.telethon.accounts.sessions import folder_of

sources = typer.Typer(help="Sources: channels and files that are read again and again.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The source's name.")]
Comments = Annotated[
    bool, typer.Option("--include-comments", help="Also the comments in the channel's discussion group.")
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, max=1000, help="Messages asked for at once.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many messages, the newest ones.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])]


@sources.command("add")
def add(  # noqa: PLR0917 - Typer makes options of them, by name
    name: Name,
    location: Annotated[str, typer.Argument(help="@channel, a t.me link, a channel's id, or the path of an export.")],
    data_dir: DataDir = None,
    kind: Annotated[
        use.Kind | None,
        typer.Option(help="How to read it. A channel: by the account if one is logged in, else by its preview."),
    ] = None,
    follow: Annotated[str, typer.Option(help="Look for new posts so often: 300, 5m, 2h, 1d.")] = "",
    account: Annotated[
        str, typer.Option(help="The Telegram account that reads it; the only one if none is named.")
    ] = "",
    channel_id: Annotated[str, typer.Option(help="The channel's id, where the source does not tell it.")] = "",
    include_comments: Comments = False,
    batch_size: BatchSize = 100,
    limit: Limit = None,
    since: Day = None,
    until: Day = None,
    as_json: AsJson = False,
) -> None:
    """Register a source, or change the one of this name."""
    found = use.find(location, kind, logged_in=logged_in(directory(data_dir)))
    source: dict[str, Any] = {
        "kind": found.kind,
        "location": found.location,
        "account": account,
        "channel_id": channel_id or None,
        "include_comments": include_comments,
        "limit": limit,
        "since": _moment(since),
        "until": _moment(until),
    }
    body = {
        "id": name,
        "source": source,
        "batch_size": batch_size,
        "follow_every": use.seconds(follow) if follow else None,
    }
    _show(use.add(directory(data_dir), body, found.root), as_json=as_json)


def add_source(  # noqa: PLR0917 - Typer makes options of them, by name
    source_id: Annotated[str, typer.Option("--source-id", help="The source's name.")],
    channel_id: Annotated[str, typer.Option("--channel-id", help="The channel's id.")],
    channel_username: Annotated[str, typer.Option("--channel-username", help="The channel's user name.")] = "",
    include_comments: Comments = False,
    batch_size: BatchSize = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Register a channel that a Telegram account reads, as earlier versions did it."""
    bare = use.bare_id(channel_id)
    source = {
        "kind": use.WIRE["telegram"],
        "location": channel_username or bare,
        "channel_id": bare,
        "include_comments": include_comments,
    }
    body = {
        "id": source_id,
        "source": source,
        "channel_username": channel_username,
        "batch_size": batch_size,
    }
    _show(use.add(directory(data_dir), body), as_json=as_json)


@sources.command("list")
def list_sources(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every source, how it stands and when it was read."""
    quiet_logs()
    found = run_to_end(use.listed(directory(data_dir)))
    print_json(found) if as_json else use.show_all(Console(), found)


@sources.command("show")
def show(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """One source: its state and the reason for it, its channels, and what is missing of them."""
    _show(use.one(directory(data_dir), name), as_json=as_json)


@sources.command("pause")
def pause(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Leave a source alone until it is resumed."""
    _show(use.change(directory(data_dir), name, "pause"), as_json=as_json)


@sources.command("resume")
def resume(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read a paused source again, or one that could not be read."""
    _show(use.change(directory(data_dir), name, "resume"), as_json=as_json)


@sources.command("remove")
def remove(name: Name, data_dir: DataDir = None) -> None:
    """Forget a source. What was read from it stays."""
    quiet_logs()
    run_to_end(use.remove(directory(data_dir), name))


def ingest(  # noqa: PLR0917 - Typer makes options of them, by name
    source: Annotated[str, typer.Option("--source", help="The source's name.")],
    mode: Annotated[
        Literal["incremental", "snapshot"], typer.Option(help="What is new and recent edits, or everything.")
    ] = "incremental",
    limit: Limit = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the knowledge base to this folder.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read a source now: collect what is new in it, and understand it."""
    quiet_logs()
    target = out.resolve() if out else None
    body: dict[str, Any] = {"mode": mode, "limit": limit}
    if target:
        target.mkdir(parents=True, exist_ok=True)
        body["target"] = {"location": str(target)}
    found = run_to_end(use.read(directory(data_dir), source, body, target, Console(stderr=True)))
    print_json(found) if as_json else reports.show_workflow(Console(), found)
    if found["state"] == "partial":
        raise typer.Exit(ExitCode.PARTIAL)
    if found["state"] != "completed":
        raise CommandFailed(str(found.get("error") or "The source could not be read."))


def logged_in(data_dir: Path) -> bool:
    """Whether a Telegram account is signed in here."""
    return bool(folder_of(account_settings(data_dir)).names())


def _moment(day: datetime | None) -> str | None:
    return day.isoformat() + "Z" if day else None


def _show(work: Any, *, as_json: bool) -> None:
    quiet_logs()
    found = run_to_end(work)
    print_json(found) if as_json else use.show_one(Console(), found)
