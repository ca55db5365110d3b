"""Settings of the topicizer, `TG_TOPICIZER__…`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings


class TopicizerSettings(BaseSettings):
    """What the topicizer needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_TOPICIZER__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    catch_up_s: float = Field(default=300.0, gt=0)
    """How long a job waits for the documents it is about. Then it is handed back and tried again."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
