"""Settings of the ingestor, `TG_INGESTOR__…`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, IPvAnyAddress, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.ingestor.budgets import Budgets


class AccountSettings(BaseSettings):
    """What reading with Telegram accounts needs, and signing them in. All of it may be left out: accounts then are not used."""

    model_config = SettingsConfigDict(env_prefix="TG_INGESTOR__", extra="ignore")

    sessions: Path | None = None
    """Folder with a file for each account, `<account>.session`, as `tg-parser login` writes it: encrypted, read-only will do.
    None: no account is used."""
    session_key: SecretStr = SecretStr("")
    """The key sessions are encrypted with, 32 bytes as URL-safe base64. Empty: it is in the key file."""
    session_key_file: Path | None = None
    """File that holds the key. None: `session.key` beside the folder of sessions; signing in makes it if there is none."""
    api_id: int | None = Field(default=None, gt=0)
    """The application's number at Telegram (my.telegram.org). Needed to sign in; it is kept with the session."""
    api_hash: SecretStr = SecretStr("")
    """The secret that belongs to `api_id`."""
    test_mode: bool = False
    """Sign in at Telegram's test servers, which have accounts of their own, instead of the real ones."""
    server_dc: int = Field(default=2, ge=1, le=1000)
    """Number of the data centre at `server_address`."""
    server_address: IPvAnyAddress | None = None
    """Sign in at another MTProto server. An address and no name, because sessions hold addresses. None: Telegram's own."""
    server_port: int = Field(default=443, ge=1, le=65_535)
    """Its port."""
    server_key_file: Path | None = None
    """PEM file with the RSA public key of that server, without which its answers would not be believed."""
    proxy: SecretStr = SecretStr("")
    """`socks5://user:password@host:port`, or `socks4` or `http`. May hold a password, so it is never printed. Empty: none.
    An account should always be seen from the same place."""
    device_model: str = "TG_parser"
    """What the account's owner sees in the list of devices. Not to be changed often: Telegram looks at that."""
    app_version: str = "4"
    """Shown beside it."""
    connect_timeout_s: float = Field(default=30.0, gt=0)
    """How long opening a connection may take, from the first byte to knowing whose account it is."""
    request_timeout_s: float = Field(default=60.0, gt=0)
    """How long one answer may take. Telethon itself would wait for ever."""
    connection_retries: int = Field(default=3, ge=0)
    """Attempts to mend a broken connection before it is opened anew, which asks who has the session first."""
    retry_delay_s: float = Field(default=2.0, ge=0)
    """Between two of these attempts."""
    request_retries: int = Field(default=2, ge=1)
    """Times a request is sent that Telegram answers with an error of its own."""
    hints: bool = True
    """Listen for what is new in followed sources. Without, they are looked at by their schedule alone."""
    hints_every_s: float = Field(default=15.0, gt=0)
    """Least time between two hints about one source: a look reads whatever has come by then."""

    @property
    def key_file(self) -> Path | None:
        """Where the key is if it is in a file."""
        beside = self.sessions.parent / "session.key" if self.sessions else None
        return self.session_key_file or beside

    @model_validator(mode="after")
    def _servers_are_whole(self) -> Self:
        if self.server_address is not None and self.test_mode:
            raise ValueError("Either Telegram's test servers are used or another MTProto server, not both.")
        return self


class IngestorSettings(BaseSettings):
    """What the ingestor needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_INGESTOR__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    import_roots: tuple[Path, ...] = ()
    """Folders exports may be read from, as a JSON list. Empty: files are refused, because whoever may ask for a
    workflow would otherwise read any file of this machine."""
    page_size: int = Field(default=500, ge=1, le=1000)
    """Messages between two commits, at most. A crash repeats one page; a thousand fill what one message on the wire may hold."""
    concurrency: int = Field(default=1, ge=1, le=4)
    """Sources read at once. Each keeps a core busy in a process of its own, and a database connection to itself."""
    preview_site: str = "https://t.me"
    """Where public previews of channels are."""
    budgets: Budgets = Field(default_factory=Budgets)
    """How often Telegram may be asked."""
    telegram: AccountSettings = Field(default_factory=AccountSettings)
    erasure_settle_s: float = Field(default=10.0, ge=0, le=120)
    """Seconds between two looks for an erased text, the second of which must find nothing: what was in hand is told by then."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
