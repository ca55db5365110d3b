"""Signing in at the command line and reading a channel with it: the installed command, our own Telegram, everything between."""

from __future__ import annotations

import asyncio
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from system import TG_PARSER

from tg_parser.cli import accounts
from tg_parser.cli.all_in_one import Composition, running
from tg_parser.cli.client import GatewayClient, open_client
from tg_parser.cli.following import PlainDisplay, follow
from tg_parser.cli.instance import announced
from tg_parser.cli.source_commands import logged_in
from tg_parser.cli.sources import find
from tg_parser.testkit.datacentre import Account, DataCentre, World, data_centre

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

API_HASH = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reader(world: World) -> Account:
    account = world.account(phone="4915112345678", code="54321", password="пароль")
    world.fill(world.chat("Новости", username="news", of=[account]), 12)
    return account


@pytest.fixture
async def centre(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DataCentre]:
    """Our own Telegram, which the settings of every process started from here lead to."""
    async with data_centre(world) as made:
        key = tmp_path / "server.pem"
        key.write_text(made.public_key_pem, "ascii")
        monkeypatch.setenv("TG_INGESTOR__SERVER_ADDRESS", "127.0.0.1")
        monkeypatch.setenv("TG_INGESTOR__SERVER_PORT", str(made.port))
        monkeypatch.setenv("TG_INGESTOR__SERVER_KEY_FILE", str(key))
        monkeypatch.setenv("TG_INGESTOR__API_ID", "12345")
        yield made


async def typed(data_dir: Path, *lines: str) -> tuple[int, str]:
    """`tg-parser login`, with these lines as its input; its exit code and all it printed."""
    process = await asyncio.create_subprocess_exec(
        TG_PARSER, "login", "--data-dir", str(data_dir),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ),
    )  # fmt: skip
    stdout, _ = await asyncio.wait_for(process.communicate("".join(f"{line}\n" for line in lines).encode()), 90)
    return process.returncode or 0, stdout.decode()


async def read(client: GatewayClient) -> dict[str, Any]:
    """Read the source, and wait until that is settled."""
    asked = await client.read_source("news", {}, key=str(uuid.uuid4()))
    async with asyncio.timeout(60):
        return await follow(client, asked["id"], PlainDisplay(Console(file=StringIO())))


async def test_an_account_signs_in_reads_a_channel_is_signed_out_by_telegram_and_by_its_owner(
    centre: DataCentre, reader: Account, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    code, shown = await typed(data_dir, API_HASH, f"+{reader.phone}", "54321", "пароль")
    assert (code, "main is signed in (+49•••••••••78)" in shown) == (0, True), shown
    assert not [secret for secret in (API_HASH, "54321", "пароль", reader.phone) if secret in shown]
    (session,) = (data_dir / "sessions").iterdir()
    assert session.stat().st_mode & 0o077 == 0

    async with (
        running(Composition(data_dir)) as system,
        announced(data_dir, system.url),
        open_client(system.url) as client,
    ):
        found = find("@news", None, logged_in=logged_in(data_dir))
        await client.add_source({"id": "news", "source": {"kind": found.kind, "location": found.location}})
        assert (await read(client))["state"] == "completed"
        source = await client.source("news")
        assert (source["spec"]["kind"], source["state"], source["messages"]) == ("mtproto_history", "ready", 12)
        (account,) = await accounts.listed(data_dir)
        assert (account["phone"], account["user_id"], account["state"]) == ("+49•••••••••78", reader.id, "signed_in")

        centre.refuse(reader, "SESSION_REVOKED")
        assert (await read(client))["state"] == "failed"
        source = await client.source("news")
        assert (source["state"], source["cause"]) == ("refused", "needs_login")
        assert source["detail"] == "The account main is signed out. Sign in again."
        (account,) = await accounts.listed(data_dir)
        assert (account["state"], account["reason"]) == ("needs_login", source["detail"])

    centre.refuse(reader, None)
    assert await accounts.sign_out(data_dir, "") == "main"
    assert centre.keyring.of(reader) == []
    assert not logged_in(data_dir)


async def test_a_login_that_fails_is_one_sentence_and_leaves_nothing(
    centre: DataCentre, reader: Account, tmp_path: Path
) -> None:
    code, shown = await typed(tmp_path / "data", API_HASH, f"+{reader.phone}", "1", "2", "3")
    assert (code, shown.strip().splitlines()[-1]) == (
        1,
        "The code was wrong 3 times. Start again: Telegram will send another one.",
    )
    assert "Traceback" not in shown
    assert not (tmp_path / "data" / "sessions").exists()
