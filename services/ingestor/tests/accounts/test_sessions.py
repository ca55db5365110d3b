"""Sessions where they lie: encrypted, for their owner alone, whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from tg_parser.ingestor.adapters.telethon.accounts.sealing import SessionKey, Unsealable
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, SessionFolder, UnknownAccount, masked
from tg_parser.ingestor.settings import AccountSettings

PLAIN = "1AaBbCc-the-session-itself"
HASH = "0123456789abcdef"


def session(account: str = "main", secret: str = PLAIN) -> Session:
    return Session(
        account=account, user_id=700, phone="+49•••78", api_id=1, api_hash=SecretStr(HASH), secret=SecretStr(secret)
    )


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    return SessionFolder(tmp_path / "sessions", SessionKey(SecretStr(""), tmp_path / "session.key"))


def test_a_session_is_read_as_it_was_written_and_lies_there_unreadable(folder: SessionFolder, tmp_path: Path) -> None:
    file = folder.write(session())
    assert folder.read("main") == session()
    assert folder.names() == ["main"]
    for written in (file, tmp_path / "session.key"):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
        assert PLAIN.encode() not in written.read_bytes()
        assert HASH.encode() not in written.read_bytes()


def test_nothing_is_left_beside_the_files(folder: SessionFolder, tmp_path: Path) -> None:
    folder.write(session())
    folder.write(session(secret="another"))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["main.session", "session.key"]
    assert folder.read("main").secret.get_secret_value() == "another"


def test_a_write_that_fails_leaves_the_last_session(folder: SessionFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder.write(session())
    before = file.read_bytes()

    def broken(number: int) -> None:
        raise OSError("The disk is full.")

    monkeypatch.setattr("tg_parser.ingestor.adapters.telethon.accounts.sealing.os.fsync", broken)
    with pytest.raises(OSError, match="full"):
        folder.write(session(secret="another"))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["main.session"]


def test_what_is_secret_is_in_no_text_about_a_session() -> None:
    made = session()
    assert PLAIN not in f"{made!r} {made} {made.model_dump()}"
    assert HASH not in f"{made!r} {made} {made.model_dump()}"
    assert PLAIN not in made.fingerprint


def test_settings_print_no_secret() -> None:
    settings = AccountSettings(
        session_key=SecretStr("the-key"), api_hash=SecretStr(HASH), proxy=SecretStr("socks5://me:word@proxy:1080")
    )
    assert not {"the-key", HASH, "word"} & set(str(settings).replace("'", " ").split())
    assert "word" not in repr(settings)


def test_a_key_that_was_given_is_used_and_none_is_made(tmp_path: Path) -> None:
    key = SessionKey(SecretStr(Fernet.generate_key().decode()), tmp_path / "session.key")
    SessionFolder(tmp_path, key).write(session())
    assert not (tmp_path / "session.key").exists()
    assert SessionFolder(tmp_path, SessionKey(key.given, None)).read("main") == session()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (SessionKey(SecretStr(Fernet.generate_key().decode()), None), "made with another key"),
        (SessionKey(SecretStr("short"), None), "not 32 bytes"),
        (SessionKey(SecretStr(""), None), "no key for sessions"),
    ],
)
def test_a_session_that_cannot_be_decrypted_says_why(folder: SessionFolder, key: SessionKey, sentence: str) -> None:
    folder.write(session())
    with pytest.raises(UnknownAccount, match=sentence):
        SessionFolder(folder.path, key).read("main")


def test_reading_makes_no_key(folder: SessionFolder, tmp_path: Path) -> None:
    folder.write(session())
    (tmp_path / "session.key").unlink()
    with pytest.raises(UnknownAccount, match="no key for sessions"):
        folder.read("main")
    assert not (tmp_path / "session.key").exists()


def test_a_file_that_holds_something_else_is_no_session_and_is_not_quoted(folder: SessionFolder) -> None:
    file = folder.write(session())
    file.write_bytes(folder.key.seal(b'{"account": "main", "secret": "hidden"}'))
    with pytest.raises(UnknownAccount, match="holds no session") as raised:
        folder.read("main")
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_session_counts_under_its_own_name_alone(folder: SessionFolder) -> None:
    file = folder.write(session())
    file.rename(file.with_name("other.session"))
    with pytest.raises(UnknownAccount, match="another account"):
        folder.read("other")


@pytest.mark.parametrize("name", ["", "../main", "a/b", "-x", "x" * 65, "a.b"])
def test_a_name_that_is_none_leads_nowhere(folder: SessionFolder, name: str) -> None:
    with pytest.raises(UnknownAccount, match="no name"):
        folder.read(name)


def test_without_a_folder_nobody_is_signed_in() -> None:
    folder = SessionFolder(None, SessionKey(SecretStr(""), None))
    assert folder.names() == []
    with pytest.raises(UnknownAccount, match="TG_INGESTOR__SESSIONS"):
        folder.read("main")
    with pytest.raises(Unsealable, match="TG_INGESTOR__SESSION_KEY"):
        folder.key.seal(b"")


def test_two_sessions_of_an_account_have_different_fingerprints() -> None:
    assert session().fingerprint == session().fingerprint
    assert session().fingerprint != session(secret="another").fingerprint


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("4915112345678", "+49•••••••••78"), ("+1 (555) 010-99", "+15•••••99"), ("12345", ""), (None, "")],
)
def test_a_phone_number_is_shown_in_part(phone: str | None, shown: str) -> None:
    assert masked(phone) == shown


def test_the_key_lies_beside_the_sessions_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert AccountSettings(sessions=tmp_path / "sessions").key_file == tmp_path / "session.key"
    assert AccountSettings(sessions=tmp_path, session_key_file=Path("/run/key")).key_file == Path("/run/key")
    assert AccountSettings().key_file is None
