"""Signing in, against a data centre that speaks MTProto."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tg_parser.ingestor.adapters.telethon.accounts.login import Application, LoginFailed, sign_in, sign_out
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, folder_of
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import Account, DataCentre, World
from tg_parser.testkit.datacentre.refusals import flood, refusal

APPLICATION = Application(1, SecretStr("hash"))


@dataclass
class Person:
    """Answers in turn, and writes down what it was asked."""

    number: str
    codes: list[str] = field(default_factory=list[str])
    passwords: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    scan: Callable[[str], Any] = lambda link: None

    async def phone(self) -> str:
        return self.number

    async def code(self, again: str) -> str:
        self.asked.append(f"code {again}".strip())
        return self.codes.pop(0)

    async def password(self, hint: str, again: str) -> str:
        self.asked.append(f"password {again}".strip())
        return self.passwords.pop(0)

    def show(self, link: str) -> None:
        self.asked.append("shown")
        asyncio.get_running_loop().call_soon(self.scan, link)


@dataclass
class Bench:
    settings: AccountSettings
    centre: DataCentre

    async def sign_in(self, person: Person, *, qr: bool = False) -> Session:
        folder = folder_of(self.settings)

        async def keep(session: Session) -> None:
            folder.write(session)

        return await sign_in(self.settings, APPLICATION, "main", person, keep, qr=qr)

    @property
    def signed_in(self) -> list[str]:
        return folder_of(self.settings).names()


@pytest.fixture
def bench(telegram: AccountSettings, centre: DataCentre) -> Bench:
    return Bench(telegram, centre)


async def test_a_code_signs_in_and_the_session_is_good(bench: Bench, reader: Account) -> None:
    person = Person("+49 151 12345678", codes=["12345"])
    session = await bench.sign_in(person)
    assert (session.user_id, session.phone) == (reader.id, "+49•••••••••78")
    assert person.asked == ["code"]
    kept = folder_of(bench.settings).read("main")
    assert kept == session
    assert [known.secret for known in bench.centre.keyring.of(reader)]
    await sign_out(bench.settings, kept)
    assert bench.centre.keyring.of(reader) == []
    await sign_out(bench.settings, kept)  # it is over already


async def test_a_wrong_code_may_be_entered_again_but_not_for_ever(bench: Bench, reader: Account) -> None:
    patient = Person(reader.phone, codes=["11111", "12345"])
    await bench.sign_in(patient)
    assert patient.asked == ["code", "code That is not the code Telegram has sent."]
    folder_of(bench.settings).remove("main")
    with pytest.raises(LoginFailed, match="wrong 3 times"):
        await bench.sign_in(Person(reader.phone, codes=["1", "2", "3", "12345"]))
    assert bench.signed_in == []


async def test_a_second_step_asks_for_the_password(bench: Bench, world: World) -> None:
    account = world.account(phone="4915100000001", password="пароль")
    person = Person(account.phone, codes=["12345"], passwords=["нет", "пароль"])
    session = await bench.sign_in(person)
    assert session.user_id == account.id
    assert person.asked == ["code", "password", "password The password is wrong."]
    with pytest.raises(LoginFailed, match="password was wrong 3 times"):
        await bench.sign_in(Person(account.phone, codes=["12345"], passwords=["a", "b", "c", "пароль"]))


@pytest.mark.parametrize("password", [None, "пароль"])
async def test_another_device_scans_a_code(bench: Bench, world: World, password: str | None) -> None:
    account = world.account(phone="4915100000001", password=password)

    def scan(link: str) -> None:
        token = link.removeprefix("tg://login?token=")
        bench.centre.accept(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), account)

    person = Person("", passwords=["пароль"], scan=scan)
    session = await bench.sign_in(person, qr=True)
    assert session.user_id == account.id
    assert person.asked == (["shown", "password"] if password else ["shown"])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (refusal("API_ID_INVALID"), "my.telegram.org"),
        (refusal("PHONE_NUMBER_FLOOD"), "tomorrow"),
        (refusal("PHONE_NUMBER_BANNED"), "banned this phone number"),
        (flood(4_000), "pause of 4,000 s"),
        (refusal("SOMETHING_NEW"), "Telegram refuses"),
    ],
)
async def test_what_telegram_refuses_is_a_sentence(bench: Bench, reader: Account, fault: Any, sentence: str) -> None:
    bench.centre.faults.on("auth.sendCode", fault)
    with pytest.raises(LoginFailed, match=sentence) as failed:
        await bench.sign_in(Person(reader.phone, codes=["12345"]))
    assert reader.phone not in str(failed.value)
    assert bench.signed_in == []


async def test_a_banned_and_an_unknown_number_are_told_apart(bench: Bench, world: World) -> None:
    banned = world.account(phone="4915100000001", banned=True)
    with pytest.raises(LoginFailed, match="banned"):
        await bench.sign_in(Person(banned.phone))
    with pytest.raises(LoginFailed, match="country code"):
        await bench.sign_in(Person("12"))


async def test_a_code_that_has_expired_is_not_asked_for_again(bench: Bench, reader: Account) -> None:
    bench.centre.faults.on("auth.signIn", refusal("PHONE_CODE_EXPIRED"))
    with pytest.raises(LoginFailed, match="expired"):
        await bench.sign_in(Person(reader.phone, codes=["12345"]))


async def test_a_session_that_cannot_be_kept_is_ended(bench: Bench, reader: Account) -> None:
    async def keep(session: Session) -> None:
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match="full"):
        await sign_in(bench.settings, APPLICATION, "main", Person(reader.phone, codes=["12345"]), keep)
    assert bench.centre.keyring.of(reader) == []


async def test_a_server_that_is_not_there_is_a_sentence(bench: Bench, tmp_path: Path) -> None:
    away = bench.settings.model_copy(update={"server_port": 1})
    with pytest.raises(LoginFailed, match="cannot be reached"):
        await Bench(away, bench.centre).sign_in(Person("4915112345678"))


async def test_a_server_with_another_key_is_not_believed(bench: Bench, reader: Account) -> None:
    from telethon.crypto import rsa  # noqa: PLC0415

    vars(rsa)["_server_keys"].clear()
    with pytest.raises(LoginFailed, match="cannot be reached"):
        await Bench(bench.settings.model_copy(update={"server_key_file": None}), bench.centre).sign_in(
            Person(reader.phone)
        )
