"""Settings of the exporter, `TG_EXPORTER__…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings


class ExporterSettings(BaseSettings):
    """What the exporter needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_EXPORTER__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    export_roots: list[Path] = Field(default_factory=list[Path])
    """Folders below which files may be written, as a JSON list. None by default: who may start a workflow must not
    thereby be able to write anywhere on this machine."""
    catch_up_s: float = Field(default=120.0, gt=0)
    """How long an export waits for its own read model before it is handed back and tried again."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
