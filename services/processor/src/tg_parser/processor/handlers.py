"""Jobs in, outcomes out: each message gets exactly one document, or a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import PermanentError, Postponed, TransientError
from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.contracts.documents import MessageFailed, MessageProcessed
from tg_parser.contracts.jobs import NO_MODEL, ProcessMessage
from tg_parser.contracts.model import Fact
from tg_parser.llm.errors import (
    BudgetExceededError,
    InvalidOutputError,
    ModelError,
    ModelUnavailableError,
    RefusedError,
)
from tg_parser.llm.port import LanguageModel
from tg_parser.processor.asking import Question, Questions
from tg_parser.processor.domain import erased, inherited, processed, skip_reason, skipped, taken_over
from tg_parser.processor.metrics import EVIDENCE
from tg_parser.processor.pausing import Pauses
from tg_parser.processor.ports import Erasures, Models

RETRY_IN = 2.0  # seconds, where a provider does not say
PAUSED_FOR = 30.0  # seconds until a message of a paused workflow is looked at again


@dataclass(frozen=True, slots=True)
class UnderstandMessage:
    """Ask the model about one message and tell what it said."""

    models: Models
    questions: Questions
    clock: Clock
    erasures: Erasures
    pauses: Pauses = field(default_factory=Pauses)

    async def __call__(self, job: ProcessMessage, context: JobContext) -> None:
        """Tells MessageProcessed or MessageSkipped. A redelivered job finds its answer in the cache and tells the same again.

        A model is asked only if the workflow wants one and nothing that was paid for already says it.
        """
        if await self.erasures.erased(job.message.source_ref):
            await context.facts.tell(erased(job))
            return
        model = None if job.choice.provider == NO_MODEL else await self.models.chosen(job.choice)
        question = self.questions.about(job, model) if model else None
        key = question.pipeline.key if question else ""
        reason = "cancelled" if context.cancelled() else skip_reason(job, key)
        document = inherited(job)
        if reason is None and document is None and model is None:
            reason = "not_asked"
        if reason:
            await context.facts.tell(skipped(job, reason, key))
        elif document:
            await context.facts.tell(taken_over(job, document, context.attempt))
        elif context.control.flag(job.workflow_id) == "paused":
            raise Postponed("Its workflow is paused.", retry_in=PAUSED_FOR)
        elif model and question:
            await self._ask(model, question, job, context)

    async def _ask(self, model: LanguageModel, question: Question, job: ProcessMessage, context: JobContext) -> None:
        try:
            result = await model.complete(question.request)
        except RefusedError:
            await context.facts.tell(skipped(job, "refused", question.pipeline.key))
            return
        except ModelError as error:
            pause = self.pauses.because_of(error, job.workflow_id, self.clock())
            if pause:
                await context.facts.tell(pause)
            raise as_job_error(error) from error
        if await self.erasures.erased(job.message.source_ref):  # while the model was thinking
            await context.facts.tell(erased(job))
            return
        told = processed(job, question.pipeline, result, at=self.clock(), attempt=context.attempt)
        await context.facts.tell(told)
        _count_evidence(told, question)


def _count_evidence(told: MessageProcessed, question: Question) -> None:
    document, pipeline = told.document, question.pipeline
    if document.metadata.method == "extractive":
        return  # quotes by construction
    labels = (pipeline.provider, pipeline.model, pipeline.prompt_name)
    kept = len(document.key_points) + len(document.entities) + len(document.dates)
    EVIDENCE.labels(*labels, "kept").inc(kept)
    EVIDENCE.labels(*labels, "dropped").inc(document.metadata.evidence_dropped)


def failed(job: ProcessMessage, failure: JobFailure) -> Sequence[Fact]:
    """What a message that could not be processed leaves behind."""
    return (
        MessageFailed(
            channel_id=job.message.channel_id,
            source_ref=job.message.source_ref,
            revision=job.revision,
            error_class=failure.error_class,
            detail=failure.detail[:2000],
            attempts=failure.attempts,
        ),
    )


def as_job_error(error: ModelError) -> Exception:
    """What a model's error means for the job: again without haste, again soon, or never.

    A model that is left alone, or a budget that is used up, is nothing the message can help: it costs it no attempt. What
    is wrong with an answer after everything was tried would be wrong again, and paid for again.
    """
    if isinstance(error, ModelUnavailableError | BudgetExceededError):
        return Postponed(str(error), retry_in=error.retry_after or PAUSED_FOR)
    if error.retryable and not isinstance(error, InvalidOutputError):
        return TransientError(str(error), retry_in=error.retry_after or RETRY_IN)
    return PermanentError(str(error))
