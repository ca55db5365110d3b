"""Signing accounts in and out on this machine, and how they stand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.embedded import DataDirectoryInUse
from tg_parser.cli.all_in_one import Composition, account_settings, servers
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.instance import gateway_of
from tg_parser.cli.terminal import Terminal
from tg_parser.ingestor.adapters.telethon.accounts.client import BadConnectionSetting
from tg_parser.ingestor.adapters.telethon.accounts.lease import open_leases
from tg_parser.ingestor.adapters.telethon.accounts.login import Application, LoginFailed
from tg_parser.ingestor.adapters.telethon.accounts.login import sign_in as telegram_sign_in
from tg_parser.ingestor.adapters.telethon.accounts.login import sign_out as telegram_sign_out
from tg_parser.ingestor.adapters.telethon.accounts.sealing import Unsealable
from tg_parser.ingestor.adapters.telethon.accounts.sessions import (
    ACCOUNT,
    Session,
    SessionFolder,
    UnknownAccount,
    folder_of,
)
from tg_parser.ingestor.settings import AccountSettings


async def sign_in(data_dir: Path, account: str, api_id: int | None, terminal: Terminal, *, qr: bool) -> Session:
    """Sign an account in and keep its session. Raises CommandFailed."""
    if not ACCOUNT.fullmatch(account):
        raise CommandFailed("An account's name has letters, digits, - and _, and at most 64 of them.", ExitCode.USAGE)
    settings = account_settings(data_dir)
    application = await _application(settings, api_id, terminal)
    folder = folder_of(settings)

    async def keep(session: Session) -> None:
        await asyncio.to_thread(folder.write, session)

    try:
        return await telegram_sign_in(settings, application, account, terminal, keep, qr=qr)
    except (LoginFailed, BadConnectionSetting, Unsealable) as failed:
        raise CommandFailed(str(failed)) from failed


async def sign_out(data_dir: Path, account: str) -> str:
    """Sign an account out, the only one if none is named; its name. Raises CommandFailed."""
    settings = account_settings(data_dir)
    folder = folder_of(settings)
    try:
        name = account or _only(folder)
        session = await asyncio.to_thread(folder.read, name)
        async with _nobody_uses(data_dir, session):
            await telegram_sign_out(settings, session)
            await asyncio.to_thread(folder.remove, name)
    except (UnknownAccount, LoginFailed, BadConnectionSetting) as failed:
        raise CommandFailed(str(failed)) from failed
    return name


async def listed(data_dir: Path) -> list[dict[str, Any]]:
    """The accounts that are signed in here or were used."""
    folder = folder_of(account_settings(data_dir))
    here = {name: await asyncio.to_thread(_described, folder, name) for name in folder.names()}
    async with gateway_of(Composition(data_dir)) as client:
        used = {entry["name"]: entry for entry in await client.accounts()}
    return [_joined(name, here.get(name), used.get(name)) for name in sorted({*here, *used})]


def show_all(console: Console, found: list[dict[str, Any]]) -> None:
    """For a person."""
    if not found:
        console.print("No Telegram account is signed in here. `tg-parser login` signs one in.", highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "phone", "user", "state", "has to wait"):
        table.add_column(heading)
    for entry in found:
        waits = ", ".join(f"{pause['method']} until {_minute(pause['until'])}" for pause in entry["pauses"])
        row = (entry["name"], entry["phone"], str(entry["user_id"] or ""), entry["state"], waits)
        table.add_row(*map(escape, row))
    console.print(table, highlight=False)
    for entry in found:
        if entry["reason"]:
            console.print(escape(entry["reason"]), highlight=False, soft_wrap=True)


def _joined(name: str, here: dict[str, Any] | None, used: dict[str, Any] | None) -> dict[str, Any]:
    """What lies here and what the ingestor found, of one account."""
    session = here or {"phone": "", "user_id": None, "reason": "", "since": None}
    found = used or {"state": "new", "reason": "", "pauses": [], "at": None}
    state = found["state"]
    if here is None:
        state = "signed_out"
    elif used and here["since"] and here["since"] > datetime.fromisoformat(used["at"]).timestamp():
        state, found = "new", {**found, "reason": ""}  # signed in again since
    reason = session["reason"] or found["reason"]
    return {
        "name": name,
        "phone": session["phone"],
        "user_id": session["user_id"],
        "state": "unreadable" if session["reason"] else state,
        "reason": reason,
        "pauses": found["pauses"],
    }


def _described(folder: SessionFolder, name: str) -> dict[str, Any]:
    try:
        session = folder.read(name)
    except UnknownAccount as unknown:
        return {"phone": "", "user_id": None, "reason": str(unknown), "since": None}
    return {"phone": session.phone, "user_id": session.user_id, "reason": "", "since": folder.written(name)}


def _only(folder: SessionFolder) -> str:
    names = folder.names()
    if len(names) != 1:
        several = f"Several accounts are signed in: {', '.join(names)}. Name one with --account."
        raise CommandFailed(several if names else "No Telegram account is signed in here.", ExitCode.USAGE)
    return names[0]


async def _application(settings: AccountSettings, api_id: int | None, terminal: Terminal) -> Application:
    """The application's id and hash: from the settings, or asked for. The hash is a secret, so no option takes it."""
    number = api_id or settings.api_id
    if number is None:
        answer = await terminal.ask("API id of your application (my.telegram.org): ")
        if not answer.isdecimal() or int(answer) < 1:
            raise CommandFailed("An API id is a number.", ExitCode.USAGE)
        number = int(answer)
    known = settings.api_hash if number == settings.api_id or api_id is None else SecretStr("")
    api_hash = known.get_secret_value() or await terminal.ask("API hash of your application: ", secret=True)
    return Application(number, SecretStr(api_hash))


@asynccontextmanager
async def _nobody_uses(data_dir: Path, session: Session) -> AsyncIterator[None]:
    """Hold the session: a second connection of one would end it in another way than is meant."""
    try:
        async with servers(data_dir) as (_, _, postgres), open_database("ingestor", postgres) as database:
            await _migrated(database)
            async with open_leases(database, f"logout-{os.getpid()}") as leases:
                await leases.take(session.fingerprint, session.account)
                yield
    except DataDirectoryInUse as in_use:
        raise CommandFailed(
            f"A system runs on {data_dir} and may be using the account. Stop it, and sign out then."
        ) from in_use


async def _migrated(database: Database) -> None:
    await database.migrate("tg_parser.ingestor.migrations", "ingestor")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
