"""Settings of what every service shares. A variable means the same thing alone and with all services in one process."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NatsSettings(BaseSettings):
    """Where the broker is, `TG_NATS__…`."""

    model_config = SettingsConfigDict(env_prefix="TG_NATS__", extra="ignore")

    url: SecretStr = SecretStr("nats://127.0.0.1:4222")
    """May hold user and password, so it is never printed. The default is a local server's."""
    connect_timeout_s: float = 10.0
    """How long the first connection may take; later ones are tried for ever."""
    provision: bool = True
    """Create or update streams and consumers at start. Switch off where a job of the deployment does it with more rights."""
    replicas: int = Field(default=1, ge=1, le=5)
    """Copies of each stream. 3 in a cluster; a single server can only hold 1."""
    fact_bytes: int = Field(default=-1, ge=-1)
    """Upper bound of the facts stream in bytes; -1 leaves it to the disk. New facts are refused, never old ones dropped."""
    window: int = Field(default=512, ge=1, le=10_000)
    """Jobs of one kind that one workflow may have waiting. The server enforces it, so that no workflow buries the others."""


class PostgresSettings(BaseSettings):
    """Where the read side is, `TG_POSTGRES__…`."""

    model_config = SettingsConfigDict(env_prefix="TG_POSTGRES__", extra="ignore")

    dsn: SecretStr = SecretStr("postgresql://postgres@127.0.0.1:5432/tg_parser")
    """Holds the password, so it is never printed."""
    pool_size: int = Field(default=4, ge=1, le=100)
    """A service needs one connection per projection and a few for its handlers; each costs the server some megabytes."""
    statement_timeout_s: float = 60.0
    """No statement of ours takes longer; one that does is stuck."""


class TelemetrySettings(BaseSettings):
    """Logs and traces, `TG_TELEMETRY__…`. Where traces go is said by OpenTelemetry's own `OTEL_EXPORTER_OTLP_ENDPOINT`."""

    model_config = SettingsConfigDict(env_prefix="TG_TELEMETRY__", extra="ignore")

    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Base URL of an OTLP/HTTP receiver. Empty: no spans are made, which saves 0.1 ms of CPU for each."""
    sample_ratio: float = Field(default=1.0, ge=0, le=1)
    """Share of messages whose way is traced. The decision is made where a message enters and kept on its whole way."""
    log_level: str = "INFO"
    log_format: str = Field(default="json", pattern="^(json|console)$")
