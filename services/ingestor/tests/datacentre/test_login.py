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


async def signed_in_as(session: Session) -> int:
    """Whose a session is, by Telegram's word."""
    async with connected(StringSession(session.secret.get_secret_value())) as client:
        return (await client.get_me()).id


async def test_by_a_code_that_is_right_the_second_time(settings: AccountSettings, world: World, centre: DataCentre):
    account = world.account(code="54321")
    person, kept = Person(account.phone, ["11111", " 54321 "]), Kept()
    session = await sign_in(settings, APPLICATION, "main", person, kept)
    assert kept.sessions == [session]
    assert (session.account, session.user_id, session.phone) == ("main", account.id, "+99••••••00")
    assert person.said == ["", "That is not the code Telegram has sent."]
    assert await signed_in_as(session) == account.id
    assert account.phone not in repr(session)


async def test_by_a_code_and_a_password(settings: AccountSettings, world: World):
    account = world.account(password="пароль")
    person = Person(account.phone, [account.code], ["угадал?", "пароль"])
    session = await sign_in(settings, APPLICATION, "main", person, Kept())
    assert person.said == ["", "", "The password is wrong."]
    assert await signed_in_as(session) == account.id


@pytest.mark.parametrize("password", [None, "пароль"])
async def test_by_a_qr_code(settings: AccountSettings, world: World, centre: DataCentre, password: str | None):
    account = world.account(password=password)
    person = Person(passwords=["пароль"], scan=lambda token: centre.accept(token, account))
    session = await sign_in(settings, APPLICATION, "main", person, Kept(), qr=True)
    assert (await signed_in_as(session), person.passwords) == (account.id, ["пароль"] if password is None else [])


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


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        (Person("99966000000"), "no phone number"),
        (Person("9996600700", ["1", "2", "3"]), "wrong 3 times"),
        (Person("9996600701", ["12345"], ["1", "2", "3"]), "wrong 3 times"),
        (Person("9996600702"), "banned"),
    ],
)
async def test_what_does_not_work_is_told_in_a_sentence(
    settings: AccountSettings, world: World, reader: Account, person: Person, sentence: str
):
    world.account(password="пароль")
    world.account(banned=True)
    kept = Kept()
    with pytest.raises(LoginFailed, match=sentence) as failed:
        await sign_in(settings, APPLICATION, "main", person, kept)
    assert person.number not in str(failed.value)
    assert kept.sessions == []


async def test_a_pause_is_told_with_its_seconds(settings: AccountSettings, centre: DataCentre, reader: Account):
    centre.faults.on("auth.sendCode", flood(3600))
    with pytest.raises(LoginFailed, match="3,600 s"):
        await sign_in(settings, APPLICATION, "main", Person(reader.phone), Kept())


async def test_a_session_that_cannot_be_kept_is_signed_out_again(
    settings: AccountSettings, centre: DataCentre, reader: Account
):
    async def full(session: Session) -> None:
        assert len(centre.keyring.of(reader)) == 1
        raise OSError("No space left on device.")

    with pytest.raises(OSError, match="No space"):
        await sign_in(settings, APPLICATION, "main", Person(reader.phone, [reader.code]), full)
    assert centre.keyring.of(reader) == []


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
