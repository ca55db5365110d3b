"""Settings of the orchestrator, `TG_ORCHESTRATOR__…`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings

Deadline = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=29))]
"""The server keeps a timer for 30 days."""


class Deadlines(BaseModel):
    """How long each stage may take before its workflow is given up."""

    ingest: Deadline = timedelta(days=7)
    """A Desktop export takes minutes; Telegram may ask for pauses of hours, more than once, and waiting loses nothing."""
    process: Deadline = timedelta(days=14)
    """A slow model on one machine takes days for a large channel, and what it has done is not lost by waiting."""
    topicize: Deadline = timedelta(hours=2)
    """A regroup of a hundred thousand documents takes minutes."""
    export: Deadline = timedelta(hours=2)
    """Writing files takes minutes; the rest is the exporter catching up with the log."""


class OrchestratorSettings(BaseSettings):
    """What the orchestrator needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_ORCHESTRATOR__", env_nested_delimiter="__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    deadlines: Deadlines = Field(default_factory=Deadlines)
    chunk: int = Field(default=256, ge=1, le=5000)
    """Jobs one workflow gets in one turn: large enough for bulk reads, small enough that a small workflow is soon next."""
    look_every_s: float = Field(default=5.0, gt=0)
    """How soon work is found that nobody was woken for: after another orchestrator died, or a pause was lifted."""
    sweep_every_s: float = Field(default=30.0, gt=0)
    """How often lost jobs are looked for."""
    lost_after_s: float = Field(default=60.0, gt=0)
    """How old a job without outcome must be before anybody asks whether it is still in the queue."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
