"""Jobs in, outcomes out: each message gets exactly one document, or a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import PermanentError, TransientError
from tg_parser.chassis.jobs import JobContext, JobFailure
from tg_parser.contracts.documents import MessageFailed
from tg_parser.contracts.jobs import NO_MODEL, ProcessMessage
from tg_parser.contracts.model import Fact
from tg_parser.llm.errors import ModelError, RefusedError
from tg_parser.llm.extraction import EXTRACTION_OUTPUT, EXTRACTION_VERSION
from tg_parser.llm.port import LanguageModel, Prompt, StructuredRequest
from tg_parser.processor.domain import (
    Pipeline,
    document_text,
    erased,
    hints,
    inherited,
    processed,
    skip_reason,
    skipped,
    taken_over,
)
from tg_parser.processor.ports import Erasures, Models
from tg_parser.rendering.plain import PLAIN_VERSION

RETRY_IN = 2.0  # seconds, where a provider does not say


@dataclass(frozen=True, slots=True)
class UnderstandMessage:
    """Ask the model about one message and tell what it said."""

    models: Models
    prompt: Prompt
    max_output_tokens: int
    clock: Clock
    erasures: Erasures

    async def __call__(self, job: ProcessMessage, context: JobContext) -> None:
        """Tells MessageProcessed or MessageSkipped. A redelivered job finds its answer in the cache and tells the same again.

        A model is asked only if the workflow wants one and nothing that was paid for already says it.
        """
        if await self.erasures.erased(job.message.source_ref):
            await context.facts.tell(erased(job))
            return
        model = None if job.choice.provider == NO_MODEL else await self.models.chosen(job.choice)
        key = self._pipeline(model).key if model else ""
        reason = "cancelled" if context.cancelled() else skip_reason(job, key)
        document = inherited(job)
        if reason is None and document is None and model is None:
            reason = "not_asked"
        if reason:
            await context.facts.tell(skipped(job, reason, key))
        elif document:
            await context.facts.tell(taken_over(job, document, context.attempt))
        elif model:
            await self._ask(model, job, context)

    async def _ask(self, model: LanguageModel, job: ProcessMessage, context: JobContext) -> None:
        pipeline = self._pipeline(model)
        try:
            result = await model.complete(self._request(job))
        except RefusedError:
            await context.facts.tell(skipped(job, "refused", pipeline.key))
            return
        except ModelError as error:
            raise as_job_error(error) from error
        if await self.erasures.erased(job.message.source_ref):  # while the model was thinking
            await context.facts.tell(erased(job))
            return
        await context.facts.tell(processed(job, pipeline, result, at=self.clock(), attempt=context.attempt))

    def _pipeline(self, model: LanguageModel) -> Pipeline:
        return Pipeline(
            provider=model.provider,
            model=model.model,
            prompt_id=f"sha256:{self.prompt.sha256[:16]}",
            prompt_name=f"{self.prompt.id}@{self.prompt.version}",
            parameters={
                "temperature": 0,
                "max_tokens": self.max_output_tokens,
                "schema": EXTRACTION_VERSION,
                "rendering": PLAIN_VERSION,
            },
        )

    def _request(self, job: ProcessMessage) -> StructuredRequest:
        return StructuredRequest(
            prompt=self.prompt,
            document=document_text(job.message),
            output=EXTRACTION_OUTPUT,
            hints=hints(job),
            max_output_tokens=self.max_output_tokens,
            temperature=0,
            about=job.message.source_ref,
        )


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
    """What a model's error means for the job: again later, or never."""
    if error.retryable:
        return TransientError(str(error), retry_in=error.retry_after or RETRY_IN)
    return PermanentError(str(error))
