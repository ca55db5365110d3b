"""Registered sources, asked of the gateway and shown to a person."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tg_parser.cli.all_in_one import Composition
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.following import PlainDisplay, follow
from tg_parser.cli.instance import gateway_of

Kind = Literal["telegram", "preview", "json", "html", "v3"]
WIRE: Final[dict[Kind, str]] = {
    "telegram": "mtproto_history",
    "preview": "web_preview",
    "json": "td_json",
    "html": "td_html",
    "v3": "v3_database",
}
SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a source's data lies: its kind, and its location as the gateway takes it."""

    kind: str
    location: str
    root: Path | None = None


def find(location: str, kind: Kind | None, *, logged_in: bool) -> Found:
    """What `location` names: a path of this machine, or a channel. Raises CommandFailed for a path that is no export."""
    path = Path(location).expanduser()
    if kind in {"telegram", "preview"} or (kind is None and not path.exists()):
        chosen: Kind = kind or ("telegram" if logged_in else "preview")
        return Found(WIRE[chosen], location)
    if not path.exists():
        raise CommandFailed(f"There is nothing at {path}.", ExitCode.USAGE)
    resolved = path.resolve()
    guessed = kind or _guessed(resolved)
    if guessed == "json" and resolved.is_dir():
        resolved /= "result.json"
    return Found(WIRE[guessed], str(resolved), resolved if resolved.is_dir() else resolved.parent)


def _guessed(path: Path) -> Kind:
    if path.is_file():
        return "json" if path.suffix == ".json" else "html"
    if (path / "result.json").is_file():
        return "json"
    if (path / "messages.html").is_file() or (path / "export_results.html").is_file():
        return "html"
    if any(path.glob("*.sqlite*")) or any(path.glob("*.db")):
        return "v3"
    raise CommandFailed(
        f"{path} holds neither an export of Telegram Desktop nor databases of TG_parser.", ExitCode.USAGE
    )


def seconds(text: str) -> int:
    """`90`, `90s`, `5m`, `2h`, `1d` in seconds. Raises CommandFailed."""
    found = re.fullmatch(r"(\d{1,7})([smhd]?)", text.strip())
    if not found:
        raise CommandFailed(f"{text!r} is no duration: write 300, 5m, 2h or 1d.", ExitCode.USAGE)
    return int(found[1]) * SECONDS[found[2]]


def bare_id(text: str) -> str:
    """A channel's id as facts name it, from any way of writing it: `-1001234567890` is `1234567890`. Raises CommandFailed."""
    found = re.fullmatch(r"(?:-100)?(\d{1,20})|-(\d{1,20})", text.strip())
    if not found:
        raise CommandFailed(f"{text!r} is no channel id: it has digits alone, perhaps after -100.", ExitCode.USAGE)
    return found[1] or found[2]


async def add(data_dir: Path, body: dict[str, Any], root: Path | None = None) -> dict[str, Any]:
    """Register a source."""
    async with gateway_of(Composition(data_dir, import_roots=(root,) if root else ())) as client:
        return await client.add_source(body)


async def listed(data_dir: Path) -> list[dict[str, Any]]:
    """Every source."""
    async with gateway_of(Composition(data_dir)) as client:
        return await client.sources()


async def one(data_dir: Path, source_id: str) -> dict[str, Any]:
    """One source."""
    async with gateway_of(Composition(data_dir)) as client:
        return await client.source(source_id)


async def change(data_dir: Path, source_id: str, what: Literal["pause", "resume"]) -> dict[str, Any]:
    """Pause or resume one."""
    async with gateway_of(Composition(data_dir)) as client:
        return await client.change_source(source_id, what)


async def remove(data_dir: Path, source_id: str) -> None:
    """Forget one."""
    async with gateway_of(Composition(data_dir)) as client:
        await client.remove_source(source_id)


async def read(
    data_dir: Path, source_id: str, body: dict[str, Any], out: Path | None, console: Console
) -> dict[str, Any]:
    """Read one now, and show how it goes; its workflow when it is settled."""
    known = await one(data_dir, source_id)
    roots = _roots(known["spec"]["location"])
    composition = Composition(data_dir, import_roots=roots, export_roots=(out,) if out else ())
    async with gateway_of(composition) as client:
        accepted = await client.read_source(source_id, body, key=str(uuid.uuid4()))
        return await follow(client, accepted["id"], PlainDisplay(console))


def _roots(location: str) -> tuple[Path, ...]:
    """The folder a file's source may be read from; none for a channel."""
    path = Path(location)
    if not path.is_absolute():
        return ()
    return (path if path.is_dir() else path.parent,)


def show_all(console: Console, found: list[dict[str, Any]]) -> None:
    """For a person."""
    if not found:
        console.print("There are no sources yet. `tg-parser sources add NAME CHANNEL` registers one.", highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "kind", "location", "state", "followed", "messages", "last read"):
        table.add_column(heading, overflow="fold")
    for source in found:
        every = f"every {source['follow_every']} s" if source["follow_every"] else ""
        read_at = str(source["read_at"] or "")[:16].replace("T", " ")
        spec = source["spec"]
        row = (
            source["id"],
            spec["kind"],
            spec["location"],
            source["state"],
            every,
            str(source["messages"] or ""),
            read_at,
        )
        table.add_row(*map(escape, row))
    console.print(table, highlight=False)


def show_one(console: Console, source: dict[str, Any]) -> None:
    """For a person: what it is, how it stands and why, and what is missing."""
    spec = source["spec"]
    lines = [f"{source['id']}  {spec['kind']}  {spec['location']}", f"  state      {source['state']}"]
    if source["detail"]:
        lines.append(f"  reason     {source['detail']}")
    if source["until"] and source["state"] == "parked":
        lines.append(f"  goes on at {source['until']}")
    if source["follow_every"]:
        lines.append(f"  followed   every {source['follow_every']} s")
    if source["read_at"]:
        lines.append(f"  last read  {source['read_at']}, {source['messages']:,} messages")
    for channel in source["channels"]:
        name = f" (@{channel['username']})" if channel["username"] else ""
        lines.append(f"  channel    {channel['id']}  {channel['title']}{name}")
        lines += [f"    missing  {first}–{last}" for first, last in channel["gaps"]]
    if source["last_run"]:
        lines.append(f"  workflow   {source['last_run']}")
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
