"""Accounts that are signed in, without anybody signing in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import IPvAnyAddress, SecretStr, TypeAdapter

from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, folder_of
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import Account, DataCentre

LOOPBACK = TypeAdapter(IPvAnyAddress).validate_python("127.0.0.1")


def settings_for(centre: DataCentre, folder: Path, **members: Any) -> AccountSettings:
    """Settings that lead to the data centre, with nothing in them that waits long."""
    key = folder / "server.pem"
    key.write_text(centre.public_key_pem, "ascii")
    defaults: dict[str, Any] = {
        "sessions": folder / "sessions",
        "server_address": LOOPBACK,
        "server_port": centre.port,
        "server_key_file": key,
        "retry_delay_s": 0,
        "request_retries": 1,
        "connection_retries": 1,
        "connect_timeout_s": 10,
        "request_timeout_s": 10,
    }
    return AccountSettings(**(defaults | members))


def sign_in(
    settings: AccountSettings, centre: DataCentre, account: Account, name: str = "main", **members: Any
) -> Session:
    """Put a new session of an account where the settings look for it."""
    made: dict[str, Any] = {
        "account": name,
        "user_id": account.id,
        "api_id": 1,
        "api_hash": SecretStr("hash"),
        "secret": SecretStr(centre.session_for(account)),
    }
    session = Session(**(made | members))
    folder_of(settings).write(session)
    return session
