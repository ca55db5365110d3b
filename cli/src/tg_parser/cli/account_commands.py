"""`tg-parser login`, `logout` and `accounts …`: the Telegram accounts that read what previews do not show."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from tg_parser.cli.shell import AsJson, DataDir, directory, print_json, quiet_logs, run_to_end
from tg_parser.cli.terminal import Terminal

accounts = typer.Typer(help="Telegram accounts that are signed in here.", no_args_is_help=True)

Account = Annotated[str, typer.Option("--account", help="A name of your choice for the account.")]


def login(
    account: Account = "main",
    qr: Annotated[bool, typer.Option("--qr", help="Show a QR code for a phone that is signed in, instead.")] = False,
    api_id: Annotated[
        int | None, typer.Option("--api-id", min=1, help="Your application's number from my.telegram.org.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Sign a Telegram account in. Its session is kept encrypted in the data directory; whoever has it is the account."""
    from tg_parser.cli import accounts as use  # noqa: PLC0415 - Telethon takes a second to load

    quiet_logs()
    where = directory(data_dir)
    session = run_to_end(use.sign_in(where, account, api_id, Terminal(Console(stderr=True)), qr=qr))
    shown = f"{session.account} is signed in ({session.phone or session.user_id})."
    Console().print(f"{shown} `tg-parser sources add NAME @channel` reads with it.", highlight=False, soft_wrap=True)


def logout(account: Account = "", data_dir: DataDir = None) -> None:
    """Sign an account out, at Telegram's and here. What was read with it stays."""
    from tg_parser.cli import accounts as use  # noqa: PLC0415 - Telethon takes a second to load

    quiet_logs()
    name = run_to_end(use.sign_out(directory(data_dir), account))
    Console().print(f"{name} is signed out.", highlight=False)


@accounts.command("list")
def list_accounts(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every account, how it stands, and what Telegram lets it wait for."""
    from tg_parser.cli import accounts as use  # noqa: PLC0415 - Telethon takes a second to load

    quiet_logs()
    found = run_to_end(use.listed(directory(data_dir)))
    print_json(found) if as_json else use.show_all(Console(), found)
