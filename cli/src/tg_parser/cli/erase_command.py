"""`tg-parser erase`: texts disappear for ever, from everywhere."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from tg_parser.cli.all_in_one import Composition
from tg_parser.cli.client import GatewayClient
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.instance import gateway_of
from tg_parser.cli.shell import AsJson, DataDir, directory, print_json, quiet_logs, run_to_end
from tg_parser.cli.sources import bare_id
from tg_parser.contracts.ids import CHANNEL_ID, parse_source_ref

AT_ONCE: Final = 1000  # messages in one request
POLL_EVERY: Final = 0.25  # seconds between looks


def erase(
    source_refs: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE_REF]...", help="Messages, as tg:<channel>:post:<number>.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", metavar="ID", help="Everything of this channel instead.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make messages' texts disappear for ever, from everywhere. They are not taken from any source again."""
    quiet_logs()
    bodies = requests(source_refs or [], channel)
    if not yes and not typer.confirm(_question(source_refs or [], channel), err=True):
        raise CommandFailed("Nothing was erased.")
    found = run_to_end(_erased(directory(data_dir), bodies))
    summary = {
        "messages": sum(each["messages"] or 0 for each in found),
        "erased": sum(each["erased"] for each in found),
        "erasures": found,
    }
    if as_json:
        print_json(summary)
        return
    Console().print(
        f"Erased {summary['erased']:,} messages. Folders exported earlier still hold them: export again, and delete those.",
        highlight=False,
    )


def requests(source_refs: Sequence[str], channel: str) -> list[dict[str, Any]]:
    """What the gateway is asked for. Raises CommandFailed if that is not clear."""
    if bool(source_refs) == bool(channel):
        raise CommandFailed("Name either messages or a --channel.", ExitCode.USAGE)
    if channel:
        found = channel if CHANNEL_ID.match(channel) else bare_id(channel)
        return [{"channel_id": found}]
    for ref in source_refs:
        try:
            parse_source_ref(ref)
        except ValueError as wrong:
            raise CommandFailed(str(wrong), ExitCode.USAGE) from wrong
    return [{"source_refs": list(source_refs[at : at + AT_ONCE])} for at in range(0, len(source_refs), AT_ONCE)]


def _question(source_refs: Sequence[str], channel: str) -> str:
    what = f"everything of channel {channel}" if channel else f"{len(source_refs):,} message(s)"
    return f"Erase {what} for ever? There is no way back."


async def _erased(data_dir: Path, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    async with gateway_of(Composition(data_dir)) as client:
        asked = [await client.request_erasure(body, key=str(uuid.uuid4())) for body in bodies]
        return [await _finished(client, each) for each in asked]


async def _finished(client: GatewayClient, erasure: dict[str, Any]) -> dict[str, Any]:
    """However long it takes: whoever gives up here finds it done later, because the request is kept."""
    while erasure["state"] != "done":
        await asyncio.sleep(POLL_EVERY)
        erasure = await client.erasure(erasure["id"])
    return erasure
