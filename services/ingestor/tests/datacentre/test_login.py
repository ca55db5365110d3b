"""Signing in and out as `tg-parser login` does it, over the wire."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import IPvAnyAddress, SecretStr, TypeAdapter
from telethon.sessions import StringSession

from tg_parser.ingestor.adapters.telethon.accounts import login
from tg_parser.ingestor.adapters.telethon.accounts.login import Application, LoginFailed, sign_in, sign_out
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import Account, DataCentre, World, flood

from .clients import connected
from .reading import Reader, ids

APPLICATION = Application(1, SecretStr("hash"))


@dataclass
class Person:
    """Answers with what was put in, the next each time, and keeps what was said."""

    number: str = ""
    codes: list[str] = field(default_factory=list[str])
    passwords: list[str] = field(default_factory=list[str])
    scan: Callable[[bytes], None] = lambda token: None
    said: list[str] = field(default_factory=list[str])

    async def phone(self) -> str:
        return self.number

    async def code(self, again: str) -> str:
        self.said.append(again)
        return self.codes.pop(0)

    async def password(self, hint: str, again: str) -> str:
        self.said.append(again)
        return self.passwords.pop(0)

    def show(self, link: str) -> None:
        token = parse_qs(urlsplit(link).query)["token"][0]
        self.scan(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


@pytest.fixture
def settings(centre: DataCentre, tmp_path: Path) -> AccountSettings:
    """They lead to the data centre and nowhere else."""
    key = tmp_path / "server.pem"
    key.write_text(centre.public_key_pem, "ascii")
    address = TypeAdapter(IPvAnyAddress).validate_python("127.0.0.1")
    return AccountSettings(server_address=address, server_port=centre.port, server_key_file=key, retry_delay_s=0)


@dataclass
class Kept:
    """Where sessions go."""

    sessions: list[Session] = field(default_factory=list[Session])

    async def __call__(self, session: Session) -> None:
        self.sessions.append(session)


async def test_a_qr_code_asks_for_a_password_as_well(settings: AccountSettings, world: World, centre: DataCentre):
    account = world.account(password="пароль")
    person = Person(passwords=["угадал?", "пароль"], scan=lambda token: centre.accept(token, account))
    session = await sign_in(settings, APPLICATION, "main", person, Kept(), qr=True)
    assert person.said == ["", "The password is wrong."]
    async with connected(StringSession(session.secret.get_secret_value())) as client:
        assert (await client.get_me()).id == account.id


async def test_a_qr_code_nobody_scanned_in_time_is_shown_anew(
    settings: AccountSettings, world: World, centre: DataCentre, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(login, "SHOWN_AT_LEAST", 0.05)
    account = world.account()
    shown: list[bytes] = []

    def scan(token: bytes) -> None:
        shown.append(token)
        if len(shown) == 3:
            centre.accept(token, account)

    session = await sign_in(settings, APPLICATION, "main", Person(scan=scan), Kept(), qr=True)
    assert session.user_id == account.id
    assert len(set(shown)) == 3


@pytest.mark.parametrize("password", [None, "пароль"])
async def test_a_scan_whose_news_got_lost_is_found_when_the_code_expires(
    settings: AccountSettings, world: World, centre: DataCentre, monkeypatch: pytest.MonkeyPatch, password: str | None
):
    monkeypatch.setattr(login, "SHOWN_AT_LEAST", 0.05)
    account = world.account(password=password)

    def scan(token: bytes) -> None:
        for known in centre.keyring.keys.values():
            known.wants_updates = False
        centre.accept(token, account)

    person = Person(passwords=["пароль"], scan=scan)
    session = await sign_in(settings, APPLICATION, "main", person, Kept(), qr=True)
    assert session.user_id == account.id


async def test_a_pause_is_told_with_its_seconds(settings: AccountSettings, centre: DataCentre, reader: Account):
    centre.faults.on("auth.sendCode", flood(3600))
    with pytest.raises(LoginFailed, match="3,600 s"):
        await sign_in(settings, APPLICATION, "main", Person(reader.phone), Kept())


async def test_signing_out_ends_the_session_at_telegrams_too(
    settings: AccountSettings, centre: DataCentre, reader: Account
):
    session = await sign_in(settings, APPLICATION, "main", Person(reader.phone, [reader.code]), Kept())
    await sign_out(settings, session)
    assert centre.keyring.of(reader) == []
    await sign_out(settings, session)  # it has ended already, and nobody minds


async def test_what_was_signed_in_reads(
    settings: AccountSettings, ingestor: Reader, reader: Account, news: Any, centre: DataCentre
):
    session = await sign_in(settings, APPLICATION, "second", Person(reader.phone, [reader.code]), Kept())
    ingestor.keeper.folder.write(session)
    assert ids(await ingestor.read(account="second", limit=3)) == [448, 449, 450]
