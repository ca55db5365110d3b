"""Settings of the processor, `TG_PROCESSOR__…`, and of the models it may ask, `TG_LLM__…`."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.llm.catalogue import ModelSettings, Provider


class LlmSettings(BaseSettings):
    """Which model answers where a workflow names none, and how each provider is reached."""

    model_config = SettingsConfigDict(env_prefix="TG_LLM__", extra="ignore", populate_by_name=True)

    provider: Provider = Field(default="local", validation_alias=AliasChoices("TG_LLM__PROVIDER", "LLM_PROVIDER"))
    """`local` needs no key and no network."""
    model: str = Field(default="", validation_alias=AliasChoices("TG_LLM__MODEL", "LLM_MODEL"))
    """The model's name at its provider. Required for `openai`."""
    base_url: str = Field(default="", validation_alias=AliasChoices("TG_LLM__BASE_URL", "LLM_BASE_URL"))
    """An OpenAI-compatible server other than OpenAI's own."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """Under the name every tool of this field reads."""
    timeout_s: float = Field(default=60.0, gt=0)
    """For one call. A minute is twice what slow models take for a post."""
    max_concurrency: int = Field(default=16, ge=1)
    """Calls under way at once in one processor."""
    max_output_tokens: int = Field(default=2048, ge=64)
    """Ten times what a typical post's document takes."""
    workers: int = Field(default=1, ge=1)
    """Processes of the local model."""

    def for_choice(self, provider: str, model: str) -> ModelSettings:
        """The settings of the model a workflow wants. Raises pydantic's ValidationError if something it needs is missing."""
        chosen = provider or self.provider
        return ModelSettings.model_validate(
            {
                "provider": chosen,
                "model": model or (self.model if chosen == self.provider else "") or None,
                "base_url": (self.base_url or None) if chosen == "openai" else None,
                "api_key": self.openai_api_key if chosen == "openai" else None,
                "timeout_s": self.timeout_s,
                "max_concurrency": self.max_concurrency,
                "workers": self.workers,
            }
        )


class ProcessorSettings(BaseSettings):
    """What the processor needs to run."""

    model_config = SettingsConfigDict(env_prefix="TG_PROCESSOR__", extra="ignore")

    nats: NatsSettings = Field(default_factory=NatsSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    concurrency: int = Field(default=64, ge=1, le=1000)
    """Messages in hand at once. More than model calls, so that answers from the cache do not wait for slow ones."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """Port of /livez, /readyz and /metrics; 0: none."""
