"""Telethon's client as it is set up here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr, ValidationError
from telethon.crypto import rsa

from tg_parser.ingestor.adapters.telethon.accounts.client import (
    BadConnectionSetting,
    options,
    proxy_of,
    server_of,
    trust_server,
)
from tg_parser.ingestor.settings import AccountSettings
from tg_parser.testkit.datacentre import DataCentre

CREDENTIALS = (1, SecretStr("hash"))


def test_nothing_sleeps_inside_and_nothing_is_tried_for_ever() -> None:
    made = options(AccountSettings(), SecretStr(""), CREDENTIALS)
    assert made["flood_sleep_threshold"] == 0
    assert made["catch_up"] is False
    assert 0 < made["request_retries"] < 10
    assert 0 < made["connection_retries"] < 10
    assert 0 < made["timeout"] < 120


def test_signing_in_leads_to_telegram_to_its_test_servers_or_to_another_server() -> None:
    assert server_of(AccountSettings()) is None
    assert server_of(AccountSettings(test_mode=True)) == (2, "149.154.167.40", 80)
    other = AccountSettings.model_validate({"server_address": "::1", "server_dc": 4, "server_port": 8443})
    assert server_of(other) == (4, "::1", 8443)
    assert options(other, SecretStr(""), CREDENTIALS)["use_ipv6"] is True


def test_a_session_says_itself_where_it_leads(centre: DataCentre, telegram: AccountSettings) -> None:
    secret = SecretStr(centre.session_for(centre.world.account()))
    elsewhere = telegram.model_copy(update={"server_port": 1})
    assert options(elsewhere, secret, CREDENTIALS)["session"].port == centre.port


def test_two_servers_at_once_are_refused() -> None:
    with pytest.raises(ValidationError, match="not both"):
        AccountSettings.model_validate({"server_address": "127.0.0.1", "test_mode": True})


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValidationError, match="server_address"):
        AccountSettings.model_validate({"server_address": "telegram.example"})


@pytest.mark.parametrize(
    ("proxy", "made"),
    [
        ("", None),
        ("socks5://proxy:1080", {"proxy_type": "socks5", "addr": "proxy", "port": 1080}),
        ("http://me:a%40b@10.0.0.1:3128", {"proxy_type": "http", "username": "me", "password": "a@b"}),
    ],
)
def test_a_proxy_is_a_url(proxy: str, made: dict[str, Any] | None) -> None:
    found = proxy_of(SecretStr(proxy))
    assert (found is None) == (made is None)
    assert (made or {}).items() <= (found or {}).items()


@pytest.mark.parametrize("proxy", ["proxy:1080", "socks5://proxy", "ftp://me:word@proxy:1", "socks5://me:word@proxy:x"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(BadConnectionSetting, match="TG_INGESTOR__PROXY") as raised:
        proxy_of(SecretStr(proxy))
    assert "word" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_another_servers_key_is_believed_beside_telegrams_own(centre: DataCentre, tmp_path: Path) -> None:
    known: dict[int, Any] = vars(rsa)["_server_keys"]
    before = dict(known)
    file = tmp_path / "server.pem"
    file.write_text(centre.public_key_pem, "ascii")
    known.clear()
    trust_server(file)
    assert known.keys() == before.keys()
    trust_server(None)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(content)
    with pytest.raises(BadConnectionSetting, match="cannot be read"):
        trust_server(file)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    file.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(BadConnectionSetting, match="no RSA key"):
        trust_server(file)
