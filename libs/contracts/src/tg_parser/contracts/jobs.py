"""What the orchestrator asks for. A job carries all its worker needs, so that no service asks another."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from tg_parser.contracts.documents import ImportedDocument
from tg_parser.contracts.messages import SourceSpec, TelegramMessage
from tg_parser.contracts.model import Contract, Fact, Job

Lane = Literal["interactive", "bulk", "replay"]


NO_MODEL: Final = "none"
"""The provider of workflows that ask no model: what is understood already counts, the rest is left for another one."""


class ModelChoice(Contract):
    """Which model a workflow uses. Empty strings mean the processor's own setting; the provider `none` asks no model."""

    provider: str = ""
    model: str = ""


class Budget(Contract):
    """The most a workflow may use of models that are paid for; None is no limit of its own."""

    cost_micros: int | None = Field(default=None, ge=0, description="millionths of a US dollar")
    tokens: int | None = Field(default=None, ge=0, description="of all kinds together")
    messages: int | None = Field(default=None, ge=0, description="sent to a model; answers from the cache are free")


class ProcessingOptions(Contract):
    """How a workflow wants its messages processed, besides by which model."""

    force: bool = Field(default=False, description="ask again, also about messages that were processed before")
    budget: Budget = Budget()
    concurrency: int | None = Field(default=None, ge=1, description="messages in work at once; None: as many as fit")


class IngestSource(Job):
    """Read a source to its end."""

    TYPE: ClassVar[str] = "tg.job.ingest"
    KIND: ClassVar[str] = "ingest"

    workflow_id: str
    generation: int = 0
    source: SourceSpec
    page_size: int = Field(default=500, ge=1, le=5000)


class ProcessMessage(Job):
    """Understand one message."""

    TYPE: ClassVar[str] = "tg.job.process"
    KIND: ClassVar[str] = "process"

    workflow_id: str
    generation: int = 0
    message: TelegramMessage
    revision: int = 0
    content_hash: str
    channel_title: str = ""
    choice: ModelChoice = ModelChoice()
    known_pipeline_key: str = Field(
        default="", description="pipeline of the message's current document with this very content"
    )
    imported: ImportedDocument | None = Field(
        default=None, description="what an earlier TG_parser understood of it, unless a model has understood it since"
    )
    source_seq: int = Field(default=0, description="stream sequence of the fact this job is about")
    options: ProcessingOptions | None = None


class Topicize(Job):
    """Bring the topics up to date with everything up to `after_seq` of the facts stream."""

    TYPE: ClassVar[str] = "tg.job.topicize"
    KIND: ClassVar[str] = "topicize"

    workflow_id: str
    generation: int = 0
    after_seq: int = 0


class Export(Job):
    """Write the knowledge base as it stands at or after `after_seq` of the facts stream into a folder."""

    TYPE: ClassVar[str] = "tg.job.export"
    KIND: ClassVar[str] = "export"

    workflow_id: str
    generation: int = 0
    location: str = Field(max_length=4096)
    after_seq: int = 0
    pretty: bool = False


class JobFailed(Fact):
    """A job that is not about one message could not be done and was dead-lettered."""

    TYPE: ClassVar[str] = "tg.job.failed"

    job_kind: str
    error_class: str
    detail: str = Field(max_length=2000)
    attempts: int

    def about(self) -> tuple[str | int, ...]:
        """The kind of job."""
        return (self.TYPE, self.job_kind)
