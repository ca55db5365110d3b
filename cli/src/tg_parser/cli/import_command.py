"""`tg-parser import-v2 DIR`: an earlier TG_parser's databases are brought in, and nothing is paid for again."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tg_parser.cli.all_in_one import Composition
from tg_parser.cli.client import GatewayClient
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.following import followed
from tg_parser.cli.instance import gateway_of
from tg_parser.cli.run_command import EXIT_CODES, exit_code, fingerprint_of, first_sentence
from tg_parser.cli.shell import AsJson, DataDir, directory, print_json, quiet_logs, run_to_end
from tg_parser.cli.sources import bare_id
from tg_parser.cli.summary import REJECTED_SHOWN, rejected_in
from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import NO_MODEL
from tg_parser.processor.settings import LlmSettings

DATABASES: Final = ("ingestion_state", "raw_storage", "processing_storage")
SUFFIXES: Final = ("sqlite", "sqlite3", "db")
PAIR: Final = re.compile(r"(?P<name>[^=]{1,200})=(?P<id>[^=]+)")
OLD_NAMES: Final = "NAME=ID: NAME is what the databases call the channel. May be repeated."


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the command was asked for, checked."""

    folder: Path
    fingerprint: str
    provider: str = NO_MODEL
    model: str = ""
    channel_ids: dict[str, str] = field(default_factory=dict[str, str])
    group_ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> str:
        """The same databases, read in the same way, are the same workflow: it is resumed, never repeated."""
        ids = json.dumps([self.channel_ids, self.group_ids], sort_keys=True)
        return deterministic_id("import-v2", self.fingerprint, self.provider, self.model, ids)

    def body(self) -> dict[str, Any]:
        """The request to the gateway."""
        return {
            "kind": "run",
            "source": {
                "kind": "v3_database",
                "location": str(self.folder),
                "fingerprint": self.fingerprint,
                "mode": "incremental" if self.provider == NO_MODEL else "snapshot",  # what was left needs jobs again
                "channel_ids": self.channel_ids,
                "group_ids": self.group_ids,
            },
            "choice": {"provider": self.provider, "model": self.model},
            "lane": "interactive",
        }


def import_v2(  # noqa: PLR0917 - Typer makes options of them, by name
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The folder that holds ingestion_state, raw_storage and processing_storage."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Also write the knowledge base to this folder.")] = None,
    channel_id: Annotated[
        list[str] | None,
        typer.Option("--channel-id", help=f"The id of a channel known by its user name alone, {OLD_NAMES}"),
    ] = None,
    group_id: Annotated[
        list[str] | None, typer.Option("--group-id", help=f"The id of the group with a channel's comments, {OLD_NAMES}")
    ] = None,
    provider: Annotated[
        str,
        typer.Option(
            help="Also understand what the databases hold no document of: local or openai. By default nobody is asked."
        ),
    ] = NO_MODEL,
    model: Annotated[str, typer.Option(help="The model's name at its provider.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring in the databases of TG_parser v2, v3.0 or v3.1: what was paid for is not paid for again. Repeating it adds nothing."""
    quiet_logs()
    llm = LlmSettings()
    request = check_request(
        folder, out, llm, provider=provider, model=model, channel_ids=channel_id or [], group_ids=group_id or []
    )
    target = out.resolve() if out else None
    summary = run_to_end(run_import(request, target, directory(data_dir), llm, Console(stderr=as_json)))
    print_json(summary) if as_json else show(Console(), summary)
    if summary["error"]:
        raise CommandFailed(str(summary["error"]), exit_code(summary))
    raise typer.Exit(exit_code(summary))


def check_request(
    folder: Path,
    out: Path | None,
    llm: LlmSettings,
    *,
    provider: str,
    model: str,
    channel_ids: list[str],
    group_ids: list[str],
) -> ImportRequest:
    """The request, if it can be carried out. Raises CommandFailed with a sentence that says what is wrong."""
    if not folder.is_dir():
        raise CommandFailed(f"There is no folder {folder}.", ExitCode.USAGE)
    if out and out.exists() and not out.is_dir():
        raise CommandFailed(f"{out} is a file; --out names a folder.", ExitCode.USAGE)
    try:
        if provider != NO_MODEL:
            settings = llm.for_choice(provider, model)
            provider, model = settings.provider, settings.model or ""
        files = [fingerprint_of(_database(folder, name)) for name in DATABASES]
        if out:
            out.mkdir(parents=True, exist_ok=True)
    except ValueError as invalid:
        raise CommandFailed(first_sentence(invalid), ExitCode.USAGE) from invalid
    except OSError as error:
        raise CommandFailed(f"{error.filename or folder} cannot be used: {error.strerror}.", ExitCode.USAGE) from error
    fingerprint = hashlib.sha256(" ".join(files).encode()).hexdigest()
    return ImportRequest(folder.resolve(), fingerprint, provider, model, pairs(channel_ids), pairs(group_ids))


def _database(folder: Path, name: str) -> Path:
    found = next((path for suffix in SUFFIXES if (path := folder / f"{name}.{suffix}").is_file()), None)
    if found is None:
        raise CommandFailed(
            f"{folder} holds no {name}.sqlite: TG_parser v2 and v3 keep three databases in one folder.", ExitCode.USAGE
        )
    return found


def pairs(given: list[str]) -> dict[str, str]:
    """`NAME=ID` options as a mapping. Raises CommandFailed."""
    found: dict[str, str] = {}
    for text in given:
        pair = PAIR.fullmatch(text.strip())
        if pair is None:
            raise CommandFailed(f"{text!r} is no NAME=ID, as in city_news=1750000001.", ExitCode.USAGE)
        found[pair["name"].strip()] = bare_id(pair["id"])
    return found


async def run_import(
    request: ImportRequest, out: Path | None, data_dir: Path, llm: LlmSettings, console: Console
) -> dict[str, Any]:
    """Carry the request out, or resume it, and write the knowledge base if that was asked for; the summary."""
    composition = Composition(data_dir, import_roots=(request.folder,), export_roots=(out,) if out else ())
    async with gateway_of(composition, llm=llm) as client:
        status = await followed(client, await _begun(client, request), console)
        if out and status["state"] in EXIT_CODES:
            await _export(client, out, console)
        return summarise(status, out)


async def _begun(client: GatewayClient, request: ImportRequest) -> str:
    """The workflow that carries the request out; a new one if those before it failed."""
    key = request.key
    while True:
        accepted = await client.request_workflow(request.body(), key=key)
        if accepted["state"] not in {"failed", "cancelled"}:
            return str(accepted["id"])
        key = deterministic_id("again", key)


async def _export(client: GatewayClient, out: Path, console: Console) -> None:
    body = {"kind": "export", "target": {"location": str(out)}, "lane": "interactive"}
    accepted = await client.request_workflow(body, key=str(uuid.uuid4()))
    status = await followed(client, accepted["id"], console)
    if status["state"] != "completed":
        raise CommandFailed(str(status.get("error") or "The knowledge base could not be written."))


def summarise(status: dict[str, Any], out: Path | None) -> dict[str, Any]:
    """The summary as data."""
    process = status["stages"].get("process") or {}
    skipped = dict(process.get("skipped_by_reason") or {})
    return {
        "workflow_id": status["id"],
        "state": status["state"],
        "error": status.get("error"),
        "messages": process.get("expected") or 0,
        "documents": process.get("done") or 0,
        "not_asked": skipped.pop("not_asked", 0),
        "skipped": skipped,
        "failed": process.get("failed") or 0,
        "rejected": status.get("rejected") or 0,
        "rejected_rows": rejected_in(out, status["id"]) if out else None,
        "topics": status.get("topics"),
        "out": str(out) if out else None,
        "seconds": round((status.get("duration_ms") or 0) / 1000, 1),
        "cost_usd": round((status.get("cost_micros") or 0) / 1_000_000, 6),
    }


def show(console: Console, summary: dict[str, Any]) -> None:
    """For a person."""
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_row("messages", f"{summary['messages']:,}")
    facts.add_row("documents", f"{summary['documents']:,}")
    if summary["not_asked"]:
        facts.add_row(
            "not understood yet", f"{summary['not_asked']:,}  (repeat with --provider to have them understood)"
        )
    for reason, number in sorted(summary["skipped"].items()):
        facts.add_row("skipped", f"{number:,}  ({reason})")
    if summary["failed"]:
        facts.add_row("failed", f"{summary['failed']:,}  (dead-lettered; see `tg-parser workflows show`)")
    if summary["rejected"]:
        listed = "" if summary["out"] else "  (listed in manifest.json, with --out)"
        facts.add_row("rejected rows", f"{summary['rejected']:,}{listed}")
    if summary["topics"] is not None:
        facts.add_row("topics", f"{summary['topics']:,}")
    if summary["out"]:
        facts.add_row("written to", escape(summary["out"]))
    facts.add_row("seconds", f"{summary['seconds']:,}")
    facts.add_row("cost", f"${summary['cost_usd']:.4f}")
    console.print()
    console.print(facts, highlight=False)
    rows = summary["rejected_rows"] or []
    for row in rows[:REJECTED_SHOWN]:
        console.print(f"  - {escape(str(row['reason']))}", highlight=False, soft_wrap=True)
    if len(rows) > REJECTED_SHOWN:
        console.print(
            f"  - and {len(rows) - REJECTED_SHOWN:,} more, all in manifest.json", highlight=False, soft_wrap=True
        )
