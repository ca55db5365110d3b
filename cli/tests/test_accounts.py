"""Accounts as the command line asks for them and shows them."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from tg_parser.cli import accounts
from tg_parser.cli.all_in_one import Composition, account_settings
from tg_parser.cli.exit_codes import CommandFailed, ExitCode
from tg_parser.cli.source_commands import logged_in
from tg_parser.cli.terminal import Terminal, printable
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, folder_of

USED = {
    "name": "main",
    "state": "needs_login",
    "reason": "Sign in again.",
    "at": "2026-03-01T12:00:00+00:00",
    "pauses": [],
}
BEFORE, AFTER = 1_700_000_000, 1_900_000_000  # seconds since 1970, around `at`


def terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> tuple[Terminal, io.StringIO]:
    """A terminal at which somebody has typed, and what it shows."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    shown = io.StringIO()
    return Terminal(Console(file=shown, width=200)), shown


def signed_in(data_dir: Path, name: str = "main", at: float = BEFORE) -> None:
    settings = account_settings(data_dir)
    session = Session(
        account=name, user_id=700, phone="+49•78", api_id=1, api_hash=SecretStr("hash"), secret=SecretStr("secret")
    )
    os.utime(folder_of(settings).write(session), (at, at))


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the gateway says of accounts."""
    said: list[dict[str, Any]] = []

    class Client:
        async def __aenter__(self) -> Client:
            return self

        async def __aexit__(self, *ending: object) -> None:
            """Nothing is held."""

        async def accounts(self) -> list[dict[str, Any]]:
            return said

    def gateway_of(composition: Composition) -> Client:
        return Client()

    monkeypatch.setattr(accounts, "gateway_of", gateway_of)
    return said


async def test_answers_are_the_lines_of_the_input_and_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, shown = terminal(monkeypatch, " +49 151 \n12345\nпароль\n")
    assert await asking.phone() == "+49 151"
    assert await asking.code("") == "12345"
    assert await asking.password("кот\x1b[2J", "The password is wrong.") == "пароль"
    assert "пароль" not in shown.getvalue()
    assert "The password is wrong." in shown.getvalue()


async def test_nobody_to_answer_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, _ = terminal(monkeypatch, "")
    with pytest.raises(CommandFailed) as failed:
        await asking.code("")
    assert failed.value.code == ExitCode.USAGE


def test_a_link_is_drawn_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, shown = terminal(monkeypatch, "")
    asking.show("tg://login?token=c2VjcmV0")
    assert "c2VjcmV0" not in shown.getvalue()
    assert sum(line.count("█") + line.count("▀") + line.count("▄") for line in shown.getvalue().splitlines()) > 100


def test_somebody_elses_hint_cannot_move_the_cursor() -> None:
    assert printable("кот\x1b[2J\r\n") == "кот[2J"
    assert len(printable("x" * 1000)) == 200


@pytest.mark.parametrize("name", ["../main", "", "a b"])
async def test_a_name_that_is_none_is_refused_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asking, _ = terminal(monkeypatch, "")
    with pytest.raises(CommandFailed, match="letters, digits"):
        await accounts.sign_in(tmp_path, name, 1, asking, qr=False)


async def test_an_api_id_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking, _ = terminal(monkeypatch, "abc\n")
    with pytest.raises(CommandFailed, match="API id is a number"):
        await accounts.sign_in(tmp_path, "main", None, asking, qr=False)


def test_sessions_are_in_the_data_directory_unless_a_setting_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account_settings(tmp_path).sessions == tmp_path / "sessions"
    assert account_settings(tmp_path).key_file == tmp_path / "session.key"
    assert not logged_in(tmp_path)
    signed_in(tmp_path)
    assert logged_in(tmp_path)
    monkeypatch.setenv("TG_INGESTOR__SESSIONS", str(tmp_path / "elsewhere"))
    assert account_settings(tmp_path).sessions == tmp_path / "elsewhere"
    assert not logged_in(tmp_path)


async def test_an_account_shows_what_lies_here_and_what_was_found(tmp_path: Path, used: list[dict[str, Any]]) -> None:
    signed_in(tmp_path)
    used.append({**USED, "pauses": [{"method": "getHistory", "until": "2026-03-01T18:00:00+00:00"}]})
    found = await accounts.listed(tmp_path)
    assert found == [
        {
            "name": "main",
            "phone": "+49•78",
            "user_id": 700,
            "state": "needs_login",
            "reason": "Sign in again.",
            "pauses": used[0]["pauses"],
        }
    ]
    shown = io.StringIO()
    accounts.show_all(Console(file=shown, width=200), found)
    for part in ("main", "+49•78", "700", "needs_login", "getHistory until 2026-03-01 18:00", "Sign in again."):
        assert part in shown.getvalue()


async def test_a_new_session_is_not_blamed_for_the_last_one(tmp_path: Path, used: list[dict[str, Any]]) -> None:
    signed_in(tmp_path, at=AFTER)
    used.append(USED)
    ((state, reason),) = [(entry["state"], entry["reason"]) for entry in await accounts.listed(tmp_path)]
    assert (state, reason) == ("new", "")


async def test_an_account_without_a_session_is_signed_out_and_one_without_its_key_unreadable(
    tmp_path: Path, used: list[dict[str, Any]]
) -> None:
    used.append(USED)
    assert [entry["state"] for entry in await accounts.listed(tmp_path)] == ["signed_out"]
    signed_in(tmp_path)
    (tmp_path / "session.key").unlink()
    (entry,) = await accounts.listed(tmp_path)
    assert entry["state"] == "unreadable"
    assert "no key for sessions" in entry["reason"]


async def test_one_of_several_has_to_be_named_to_sign_out(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="No Telegram account"):
        await accounts.sign_out(tmp_path, "")
    signed_in(tmp_path, "a")
    signed_in(tmp_path, "b")
    with pytest.raises(CommandFailed, match="a, b"):
        await accounts.sign_out(tmp_path, "")


def test_no_account_at_all_says_how_to_sign_one_in() -> None:
    shown = io.StringIO()
    accounts.show_all(Console(file=shown, width=200), [])
    assert "tg-parser login" in shown.getvalue()
