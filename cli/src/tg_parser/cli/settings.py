"""Settings of the command line."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CliSettings(BaseSettings):
    """What every command shares, `TG_…`."""

    model_config = SettingsConfigDict(env_prefix="TG_", extra="ignore")

    data_dir: Path = Field(default_factory=lambda: user_data_path("tg-parser", appauthor=False))
    """Where the embedded servers keep everything. The platform's place for a user's data."""
