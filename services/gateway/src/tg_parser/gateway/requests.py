"""What callers may ask for. Every field is bounded."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import Lane, ModelChoice
from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.workflows import ExportTarget

Name = Annotated[str, Field(max_length=200, pattern=r"^[\w./:@-]*$")]


class Choice(BaseModel):
    """Which model; empty means the processor's own setting."""

    model_config = ConfigDict(extra="forbid")

    provider: Name = ""
    model: Name = ""


class Source(BaseModel):
    """What to read."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["td_json"] = "td_json"
    location: str = Field(min_length=1, max_length=4096)
    fingerprint: str = Field(default="", max_length=128)


class Target(BaseModel):
    """Where to write."""

    model_config = ConfigDict(extra="forbid")

    location: str = Field(min_length=1, max_length=4096)
    pretty: bool = False


class WorkflowRequest(BaseModel):
    """A workflow to be carried out: `run` reads, processes, groups and exports; `export` only writes what is known."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["run", "export"]
    source: Source | None = None
    target: Target
    choice: Choice = Choice()
    lane: Lane = "interactive"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "run" and self.source is None:
            raise ValueError("A run needs a source.")
        return self

    @property
    def digest(self) -> str:
        """Tells two requests under one idempotency key apart."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def workflow_id(self, key: str) -> str:
        """The id a request gets: the same for the same key, whoever answers it."""
        return deterministic_id("workflow", key or self.digest)

    def contracts(self) -> tuple[SourceSpec | None, ExportTarget, ModelChoice]:
        """The parts of the event that asks for it."""
        source = SourceSpec.model_validate(self.source.model_dump()) if self.source else None
        return (
            source,
            ExportTarget.model_validate(self.target.model_dump()),
            ModelChoice.model_validate(self.choice.model_dump()),
        )
