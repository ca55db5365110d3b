"""What callers may ask for. Every field is bounded."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import Budget, Lane, ModelChoice, ProcessingOptions
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Timestamp
from tg_parser.contracts.sources import SOURCE_ID_PATTERN
from tg_parser.contracts.workflows import ExportTarget

ReadableKind = Literal["td_json", "td_html", "v3_database", "web_preview", "mtproto_history"]
MOST_ERASED = 1000  # messages in one request: their names alone are 30 KB
FOLLOWABLE = frozenset({"web_preview", "mtproto_history"})
ChannelId = Annotated[str, Field(max_length=64, pattern=r"^-?\d+$")]
BareId = Annotated[str, Field(max_length=64, pattern=r"^([0-9]+|(chat|user)[0-9]+|[A-Za-z][A-Za-z0-9_]{2,63})$")]
MessageName = Annotated[str, Field(max_length=128, pattern=r"^tg:[A-Za-z0-9_]+:(post|comment):-?[0-9]+$")]
SourceName = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(max_length=200, pattern=r"^[\w./:@-]*$")]


class Choice(BaseModel):
    """Which model; empty means the processor's own setting."""

    model_config = ConfigDict(extra="forbid")

    provider: Name = ""
    model: Name = ""


class BudgetRequest(BaseModel):
    """The most a workflow may use of models that are paid for."""

    model_config = ConfigDict(extra="forbid")

    usd: float | None = Field(default=None, ge=0, le=1_000_000)
    tokens: int | None = Field(default=None, ge=0)
    messages: int | None = Field(default=None, ge=0)

    def contract(self) -> Budget:
        """The same for the log."""
        micros = None if self.usd is None else round(self.usd * 1_000_000)
        return Budget(cost_micros=micros, tokens=self.tokens, messages=self.messages)


class Options(BaseModel):
    """How messages are processed, besides by which model."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False
    budget: BudgetRequest = BudgetRequest()
    concurrency: int | None = Field(default=None, ge=1, le=10_000)

    def contract(self) -> ProcessingOptions:
        """The same for the log."""
        return ProcessingOptions(force=self.force, budget=self.budget.contract(), concurrency=self.concurrency)


class ResumeRequest(BaseModel):
    """A paused workflow to go on, with another budget where one is given."""

    model_config = ConfigDict(extra="forbid")

    budget: BudgetRequest | None = None


class Source(BaseModel):
    """What to read."""

    model_config = ConfigDict(extra="forbid")

    kind: ReadableKind = "td_json"
    location: str = Field(min_length=1, max_length=4096)
    fingerprint: str = Field(default="", max_length=128)
    channel_id: ChannelId | None = None
    channel_ids: dict[SourceName, ChannelId] = Field(default_factory=dict[str, str], max_length=1000)
    group_ids: dict[SourceName, ChannelId] = Field(default_factory=dict[str, str], max_length=1000)
    account: Name = ""
    mode: Literal["snapshot", "incremental"] = "snapshot"
    include_comments: bool = False
    limit: int | None = Field(default=None, ge=1)
    since: Timestamp | None = None
    until: Timestamp | None = None


class Target(BaseModel):
    """Where to write."""

    model_config = ConfigDict(extra="forbid")

    location: str = Field(min_length=1, max_length=4096)
    pretty: bool = False


class SourceRequest(BaseModel):
    """A source to be registered, or changed. One that is followed is read on without being asked, every so many seconds."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=SOURCE_ID_PATTERN)
    source: Source
    channel_username: str = Field(default="", max_length=64, pattern=r"^@?\w*$")
    batch_size: int = Field(default=100, ge=1, le=1000)
    follow_every: int | None = Field(default=None, ge=10, le=30 * 86_400)

    @model_validator(mode="after")
    def _follows_what_changes(self) -> Self:
        if self.follow_every is not None and self.source.kind not in FOLLOWABLE:
            raise ValueError("Only a channel of Telegram can be followed: a file says the same every time.")
        return self

    def spec(self) -> SourceSpec:
        """What is read."""
        return SourceSpec.model_validate({**self.source.model_dump(), "source_id": self.id})


class ReadRequest(BaseModel):
    """A registered source to be read now; without a target nothing is exported."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["snapshot", "incremental"] = "incremental"
    limit: int | None = Field(default=None, ge=1)
    target: Target | None = None
    choice: Choice = Choice()
    lane: Lane = "interactive"


class ErasureRequest(BaseModel):
    """What is to be erased: single messages, or everything of a channel."""

    model_config = ConfigDict(extra="forbid")

    source_refs: tuple[MessageName, ...] = Field(default=(), max_length=MOST_ERASED)
    channel_id: BareId | None = None

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if bool(self.source_refs) == (self.channel_id is not None):
            raise ValueError("Either source_refs or a channel_id says what is to be erased.")
        return self


class WorkflowRequest(BaseModel):
    """A workflow to be carried out: `run` reads, processes, groups and exports; `export` only writes what is known."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["run", "export"]
    source: Source | None = None
    target: Target | None = None
    choice: Choice = Choice()
    lane: Lane = "interactive"
    options: Options | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "run" and self.source is None:
            raise ValueError("A run needs a source.")
        if self.kind == "export" and self.target is None:
            raise ValueError("An export needs a target.")
        return self

    @property
    def digest(self) -> str:
        """Tells two requests under one idempotency key apart."""
        unsaid = {"options"} if self.options is None else None  # requests older than the field keep their digests
        return hashlib.sha256(self.model_dump_json(exclude=unsaid).encode()).hexdigest()

    def workflow_id(self, key: str) -> str:
        """The id a request gets: the same for the same key, whoever answers it."""
        return deterministic_id("workflow", key or self.digest)

    def contracts(self) -> tuple[SourceSpec | None, ExportTarget | None, ModelChoice]:
        """The parts of the event that asks for it."""
        source = SourceSpec.model_validate(self.source.model_dump()) if self.source else None
        return (
            source,
            ExportTarget.model_validate(self.target.model_dump()) if self.target else None,
            ModelChoice.model_validate(self.choice.model_dump()),
        )
