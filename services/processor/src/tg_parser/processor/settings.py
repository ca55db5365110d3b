"""Settings of the processor, `TG_PROCESSOR__…`, and of the models it may ask, `TG_LLM__…`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.llm.model_settings import MOST_POSTS, ModelSettings, Provider
from tg_parser.llm.providers.messages import Structured
from tg_parser.llm.spending import Budgets


class LlmSettings(BaseSettings):
    """Which model answers where a workflow names none, and how each provider is reached."""

    model_config = SettingsConfigDict(
        env_prefix="TG_LLM__", env_nested_delimiter="__", extra="ignore", populate_by_name=True
    )

    provider: Provider = Field(default="local", validation_alias=AliasChoices("TG_LLM__PROVIDER", "LLM_PROVIDER"))
    """`local` needs no key and no network."""
    model: str = Field(default="", validation_alias=AliasChoices("TG_LLM__MODEL", "LLM_MODEL"))
    """The model's name at its provider. Required for all that are not on this machine."""
    base_url: str = Field(default="", validation_alias=AliasChoices("TG_LLM__BASE_URL", "LLM_BASE_URL"))
    """Another server than the chosen provider's own, such as vLLM, LM Studio, OpenRouter or an Ollama elsewhere."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """Under the name every tool of this field reads; so are the two below."""
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    gemini_api_key: SecretStr | None = Field(default=None, validation_alias="GEMINI_API_KEY")
    ollama_api_key: SecretStr | None = Field(default=None, validation_alias="OLLAMA_API_KEY")
    """Only for an Ollama behind a proxy that wants one."""
    structured: Structured = "schema"
    """How an OpenAI-compatible server is told the shape of an answer, to begin with."""
    temperature: float | None = 0.0
    """The same post should get the same answer. Left out for models that take only their own."""
    params: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Further parameters of the provider, as JSON: `{"reasoning_effort": "low"}`."""
    timeout_s: float = Field(default=60.0, gt=0)
    """For one call. A minute is twice what slow models take for a post."""
    patience_s: float = Field(default=240.0, ge=0, le=500)
    """How long one message is worked on before it is put back: less than the time a job may take."""
    max_concurrency: int = Field(default=16, ge=1)
    """Calls under way at once in one processor, to begin with: fewer where the provider throttles."""
    max_output_tokens: int = Field(default=2048, ge=64)
    """Ten times what a typical post's document takes."""
    most_output_tokens: int = Field(default=8192, ge=64)
    """Up to which the budget of a truncated answer is raised."""
    pack: int | None = Field(default=None, ge=1, le=MOST_POSTS)
    """Short posts in one request. Unset: 8 at providers that charge by the token, 1 on servers of one's own."""
    prompts: Path | None = None
    """A folder whose files go before the prompts of this package."""
    prices: Path | None = None
    """A JSON file with prices of one's own, in dollars per million tokens: `{"model": {"input": 0.25, "output": 2}}`."""
    budget: Budgets = Budgets()
    """`TG_LLM__BUDGET__DAY__USD=5`, `…__WORKFLOW__TOKENS=1000000`, `…__CHANNEL__MESSAGES=10000`."""
    fallback_provider: Provider | None = None
    """A second model for posts the first one cannot describe. Unset: such posts are dead-lettered."""
    fallback_model: str = ""
    record: Path | None = None
    """A file to which every answer is appended, for the provider `replay`."""
    replay: Path | None = None
    """The recording that the provider `replay` answers from."""
    workers: int = Field(default=1, ge=1)
    """Processes of the local model."""

    def for_choice(self, provider: str, model: str) -> ModelSettings:
        """The settings of the model a workflow wants. Raises pydantic's ValidationError if something it needs is missing."""
        chosen = provider or self.provider
        name = model or (self.model if chosen == self.provider else "")
        fallback = self._of(self.fallback_provider, self.fallback_model, None) if self.fallback_provider else None
        return ModelSettings.model_validate(self._of(chosen, name, fallback))

    def _of(self, provider: str, model: str, fallback: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "provider": provider,
            "model": model or None,
            "base_url": (self.base_url or None) if provider == self._served else None,
            "api_key": self._keys.get(provider),
            "timeout_s": self.timeout_s,
            "max_concurrency": self.max_concurrency,
            "structured": self.structured,
            "workers": self.workers,
            "most_output_tokens": max(self.most_output_tokens, self.max_output_tokens),
            "patience_s": self.patience_s,
            "pack": self.pack,
            "prices": self.prices,
            "record": self.record,
            "replay": self.replay,
            "fallback": fallback,
        }

    @property
    def _served(self) -> str:
        """The provider whose server `base_url` names: the one set, or OpenAI's, whose API most servers speak."""
        return "openai" if self.provider in {"local", "instant", "replay"} else self.provider

    @property
    def _keys(self) -> dict[str, SecretStr | None]:
        return {
            "openai": self.openai_api_key,
            "anthropic": self.anthropic_api_key,
            "gemini": self.gemini_api_key,
            "ollama": self.ollama_api_key,
        }


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
