"""Finding the system that serves a data directory: one that runs already, or one started for this command alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tg_parser.chassis.embedded import DataDirectoryInUse
from tg_parser.cli.all_in_one import Composition, running
from tg_parser.cli.client import GatewayClient, open_client
from tg_parser.cli.exit_codes import CommandFailed
from tg_parser.processor.settings import LlmSettings

ENDPOINT = "gateway.json"


@asynccontextmanager
async def announced(data_dir: Path, url: str) -> AsyncIterator[None]:
    """Leave word of a running gateway in its data directory, for other commands of the same user."""
    path = data_dir / ENDPOINT
    path.write_text(json.dumps({"url": url}), "utf-8")
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def announced_url(data_dir: Path) -> str | None:
    """Where a running gateway said it is; None if nobody said so. The word may be stale after a crash."""
    try:
        return str(json.loads((data_dir / ENDPOINT).read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None


@asynccontextmanager
async def gateway_of(composition: Composition, *, llm: LlmSettings | None = None) -> AsyncIterator[GatewayClient]:
    """A client of the system on `composition.data_dir`: the running one if there is one, else one that runs meanwhile."""
    try:
        async with running(composition, llm=llm) as system, open_client(system.url) as client:
            yield client
            return
    except DataDirectoryInUse as in_use:
        url = announced_url(composition.data_dir)
        if url is None:
            raise CommandFailed(str(in_use)) from in_use
    async with open_client(url) as client:
        yield client
