"""Settings of the gateway, `TG_GATEWAY__…`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings


class GatewaySettings(BaseSettings):
    """What the gateway needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_GATEWAY__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    host: str = "127.0.0.1"
    """Only this machine may ask, unless told otherwise."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0 takes a free one."""
    api_keys: tuple[str, ...] = ()
    """SHA-256 digests, in hex, of the keys that may ask. Empty: whoever reaches the port may."""
