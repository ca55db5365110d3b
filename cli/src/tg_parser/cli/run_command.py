"""`tg-parser run FILE --out DIR`: from an export to a knowledge base, in one command that can be repeated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from tg_parser.cli.all_in_one import Composition
from tg_parser.cli.client import GatewayClient
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.following import PAUSED, SETTLED, followed
from tg_parser.cli.instance import gateway_of
from tg_parser.cli.summary import summarise
from tg_parser.contracts.ids import deterministic_id
from tg_parser.processor.settings import LlmSettings

BLOCK = 1024 * 1024
EXIT_CODES = {"completed": ExitCode.DONE, "partial": ExitCode.PARTIAL, "paused": ExitCode.PARTIAL}
WRITTEN = frozenset({"completed", "partial"})
MOST_REPEATS = 1000  # forced or retried runs of one export into one folder


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How messages are to be processed, besides by which model.

    Attributes:
        force: process again what was processed before.
        retry_failed: give messages that failed in earlier runs another chance.
        concurrency: messages in work at once; None is as many as fit.
        max_cost, max_tokens, max_messages: the run's budget, in US dollars, tokens, and messages sent to a model.
    """

    force: bool = False
    retry_failed: bool = False
    concurrency: int | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    max_messages: int | None = None

    @property
    def budget(self) -> dict[str, Any] | None:
        """The budget for the gateway; None if nothing is limited."""
        limits = {"usd": self.max_cost, "tokens": self.max_tokens, "messages": self.max_messages}
        given = {name: value for name, value in limits.items() if value is not None}
        return given or None

    def body(self) -> dict[str, Any] | None:
        """The options for the gateway; None if nothing special is wanted."""
        wanted = {"force": self.force or None, "budget": self.budget, "concurrency": self.concurrency}
        given = {name: value for name, value in wanted.items() if value is not None}
        return given or None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command was asked for, checked."""

    file: Path
    out: Path
    provider: str
    model: str
    pretty: bool
    fingerprint: str
    options: RunOptions = RunOptions()

    @property
    def key(self) -> str:
        """The same file, model and destination are the same workflow: it is resumed, never repeated."""
        return deterministic_id("run", self.fingerprint, self.provider, self.model, str(self.out), int(self.pretty))

    def body(self) -> dict[str, Any]:
        """The request to the gateway."""
        options = self.options.body()
        return {
            **({"options": options} if options else {}),
            "kind": "run",
            "source": {"kind": "td_json", "location": str(self.file), "fingerprint": self.fingerprint},
            "target": {"location": str(self.out), "pretty": self.pretty},
            "choice": {"provider": self.provider, "model": self.model},
            "lane": "interactive",
        }


def check_request(
    file: Path,
    out: Path,
    llm: LlmSettings,
    *,
    provider: str,
    model: str,
    pretty: bool,
    options: RunOptions | None = None,
) -> RunRequest:
    """The request, if it can be carried out. Raises CommandFailed with a sentence that says what is wrong."""
    found = file / "result.json" if file.is_dir() else file
    if not found.is_file():
        raise CommandFailed(f"There is no export at {file}.", ExitCode.USAGE)
    if out.exists() and not out.is_dir():
        raise CommandFailed(f"{out} is a file; --out names a folder.", ExitCode.USAGE)
    try:
        settings = llm.for_choice(provider, model)
        fingerprint = fingerprint_of(found)
        out.mkdir(parents=True, exist_ok=True)
    except ValueError as invalid:
        raise CommandFailed(first_sentence(invalid), ExitCode.USAGE) from invalid
    except OSError as error:
        raise CommandFailed(f"{error.filename or found} cannot be used: {error.strerror}.", ExitCode.USAGE) from error
    chosen = (settings.provider, settings.model or "", pretty, fingerprint, options or RunOptions())
    return RunRequest(found.resolve(), out.resolve(), *chosen)


def first_sentence(invalid: ValueError) -> str:
    """What is wrong, in the words of whoever found it."""
    if isinstance(invalid, ValidationError):
        return invalid.errors()[0]["msg"].removeprefix("Value error, ")
    return str(invalid)


def fingerprint_of(file: Path) -> str:
    """sha256 of the file's bytes, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


async def run_export(request: RunRequest, data_dir: Path, llm: LlmSettings, console: Console) -> dict[str, Any]:
    """Carry the request out, or resume it; the summary."""
    composition = Composition(data_dir, import_roots=(request.file.parent,), export_roots=(request.out,))
    async with gateway_of(composition, llm=llm) as client:
        accepted = await _requested(client, request)
        status = await followed(client, accepted["id"], console)
        if status["state"] in WRITTEN and not _files_intact(status, request.out):
            await _export_again(client, request, status, console)
        return summarise(await client.workflow(accepted["id"]), request.out)


async def _requested(client: GatewayClient, request: RunRequest) -> dict[str, Any]:
    """The workflow of this run: begun, found again, or resumed with the budget that is given now."""
    again = request.options.force or request.options.retry_failed
    key = await _key_of_repeat(client, request) if again else request.key
    found = await client.find_workflow(deterministic_id("workflow", key))
    if found is None:
        return await client.request_workflow(request.body(), key=key)
    if found["state"] == PAUSED:
        return await client.resume_workflow(found["id"], request.options.budget)
    return found


async def _key_of_repeat(client: GatewayClient, request: RunRequest) -> str:
    """A forced or retried run that is not over is gone on with; the next one is another workflow."""
    kind = "force" if request.options.force else "retry"
    for number in range(MOST_REPEATS):
        key = deterministic_id(request.key, kind, number)
        found = await client.find_workflow(deterministic_id("workflow", key))
        if found is None or found["state"] not in SETTLED:
            return key
    raise CommandFailed(f"This export was processed again {MOST_REPEATS:,} times; name another folder with --out.")


def _files_intact(status: dict[str, Any], out: Path) -> bool:
    artifacts = status.get("artifacts") or []
    return bool(artifacts) and all(_intact(out / artifact["name"], artifact["sha256"]) for artifact in artifacts)


def _intact(path: Path, sha256: str) -> bool:
    return path.is_file() and fingerprint_of(path) == sha256


async def _export_again(client: GatewayClient, request: RunRequest, status: dict[str, Any], console: Console) -> None:
    """The run is done, but its files are gone or changed: write them again, from the log."""
    digests = [str(path.stat().st_mtime_ns) for path in sorted(request.out.glob("*")) if path.is_file()]
    key = deterministic_id("export", status["id"], str(request.out), *digests)
    body = {"kind": "export", "target": {"location": str(request.out), "pretty": request.pretty}, "lane": "interactive"}
    accepted = await client.request_workflow(body, key=key)
    again = await followed(client, accepted["id"], console)
    if again["state"] != "completed":
        raise CommandFailed(str(again.get("error") or "The export could not be written."))


def exit_code(summary: dict[str, Any]) -> ExitCode:
    """What the outcome means for a script."""
    return EXIT_CODES.get(str(summary["state"]), ExitCode.FAILED)
