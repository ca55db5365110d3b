"""Which model to ask and how. A service's settings make these."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tg_parser.llm.providers.messages import Structured

Provider = Literal["local", "openai", "anthropic", "gemini", "ollama", "replay", "instant"]
AT_HOME: frozenset[Provider] = frozenset({"local", "instant", "replay"})
"""Providers that ask nobody: no network, no key, no bill."""

EXTRACTIVE: frozenset[str] = frozenset({"local", "instant"})
"""Providers whose answers are made of the post's own words by rules, not written by a model."""

_PAID: frozenset[Provider] = frozenset({"openai", "anthropic", "gemini"})
_KEY_NAMES: dict[Provider, str] = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
}
MOST_POSTS = 8
"""Posts in one request: quality holds up to about six to eight short ones."""


class ModelSettings(BaseModel):
    """One model.

    Attributes:
        provider: `local` needs no key and no network; `openai` is any OpenAI-compatible server; `anthropic`, `gemini` and
            `ollama` are spoken to in their own languages; `replay` answers from a recording; `instant` is for benchmarks
            and tests.
        model: the model's name at its provider; required for those that are not on this machine.
        base_url: of another server than the provider's own, for `openai` up to and including its version.
        api_key: required for a provider's own server; servers of one's own may need none.
        timeout_s: for one call, in seconds. A minute is twice what slow models take for a post.
        max_concurrency: calls in progress at once; the others wait.
        structured: how an OpenAI-compatible server is told the answer's shape: by a strict schema, by JSON mode, or,
            where it knows neither, in words.
        workers: processes of the local model, each of about 160 MB. One does some 500 posts a second.
        most_output_tokens: up to which the budget of a truncated answer is raised, and that of a pack.
        patience_s: seconds one question is worked on before it is put back.
        pack: short posts in one request; None is 8 at providers that charge by the token, and 1 elsewhere.
        prices: a JSON file with prices of one's own.
        record: a file to which answers are appended.
        replay: the recording that `replay` answers from.
        fallback: a second model for what the first one cannot do with a post.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Provider = "local"
    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=60.0, gt=0)
    max_concurrency: int = Field(default=8, ge=1)
    structured: Structured = "schema"
    workers: int = Field(default=1, ge=1)
    most_output_tokens: int = Field(default=8192, ge=64)
    patience_s: float = Field(default=240.0, ge=0)
    pack: int | None = Field(default=None, ge=1, le=MOST_POSTS)
    prices: Path | None = None
    record: Path | None = None
    replay: Path | None = None
    fallback: ModelSettings | None = None

    @property
    def key(self) -> str:
        """The key itself; empty if there is none."""
        return self.api_key.get_secret_value() if self.api_key else ""

    @property
    def posts_per_request(self) -> int:
        """How many posts travel together."""
        return self.pack or (MOST_POSTS if self.provider in _PAID and not self.base_url else 1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.provider == "replay" and self.replay is None:
            raise ValueError("The provider 'replay' needs the file of a recording.")
        if self.provider in AT_HOME:
            return self
        if not self.model:
            raise ValueError(f"The provider {self.provider!r} needs the name of a model.")
        if self.provider in _PAID and not self.api_key and not self.base_url:
            raise ValueError(
                f"The provider {self.provider!r} needs an api_key ({_KEY_NAMES[self.provider]}), unless base_url names a "
                "server of your own."
            )
        return self
