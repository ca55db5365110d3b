"""Settings of the ingestor, `TG_INGESTOR__…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.ingestor.budgets import Budgets


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
    erasure_settle_s: float = Field(default=10.0, ge=0, le=120)
    """Seconds between two looks for an erased text, the second of which must find nothing: what was in hand is told by then."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
