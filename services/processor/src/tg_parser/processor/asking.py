"""What is asked of a model about a message, and by which name the answer's making is remembered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tg_parser.contracts.jobs import Budget, ProcessMessage
from tg_parser.llm.extraction import EXTRACTION_OUTPUT, EXTRACTION_VERSION, RULES_OUTPUT
from tg_parser.llm.model_settings import EXTRACTIVE
from tg_parser.llm.port import Account, Limits, ModelName, Prompt, StructuredRequest
from tg_parser.llm.spending import MICROS
from tg_parser.processor.domain import Pipeline, document_text, hints, hints_for_a_model, words
from tg_parser.processor.prompt import PromptSet
from tg_parser.rendering.plain import PLAIN_VERSION

NO_PROMPT = Prompt(id="none", version="0", text="")
"""What rules are told instead of instructions: no change of a prompt makes their documents old."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the pipeline its answer belongs to."""

    request: StructuredRequest
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Questions:
    """How messages are put to models.

    Attributes:
        prompts: the instructions, by the language of the post.
        max_output_tokens: for one answer, to begin with.
        temperature: None leaves it to the model.
        params: further parameters of the provider.
    """

    prompts: PromptSet
    max_output_tokens: int
    temperature: float | None = 0.0
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    _pipelines: dict[tuple[str, str, Prompt], Pipeline] = field(default_factory=dict[Any, Any], init=False, repr=False)

    def about(self, job: ProcessMessage, model: ModelName) -> Question:
        """The question about the message of `job`, for `model`."""
        if model.provider in EXTRACTIVE:
            return self._by_rules(job, model)
        text = words(job)
        prompt = self.prompts.for_post(text)
        request = StructuredRequest(
            prompt=prompt,
            document=text,
            output=EXTRACTION_OUTPUT,
            hints=hints_for_a_model(job),
            max_output_tokens=self.max_output_tokens,
            temperature=self.temperature,
            params=self.params,
            account=account_of(job),
            fresh=fresh(job),
            about=job.message.source_ref,
        )
        return Question(request, self._pipeline(model, prompt))

    def _by_rules(self, job: ProcessMessage, model: ModelName) -> Question:
        request = StructuredRequest(
            prompt=NO_PROMPT,
            document=document_text(job.message),
            output=RULES_OUTPUT,
            hints=hints(job),
            max_output_tokens=self.max_output_tokens,
            temperature=0,
            fresh=fresh(job),
            about=job.message.source_ref,
        )
        return Question(request, self._pipeline(model, NO_PROMPT))

    def _pipeline(self, model: ModelName, prompt: Prompt) -> Pipeline:
        """Made once for each model and prompt: its digest is wanted for every message."""
        name = (model.provider, model.model, prompt)
        made = self._pipelines.get(name)
        if made is None:
            made = self._pipelines[name] = self._made(model, prompt)
        return made

    def _made(self, model: ModelName, prompt: Prompt) -> Pipeline:
        parameters: dict[str, Any] = {"schema": EXTRACTION_VERSION, "rendering": PLAIN_VERSION}
        if prompt is NO_PROMPT:
            return Pipeline(model.provider, model.model, "none", "none", parameters)
        return Pipeline(
            provider=model.provider,
            model=model.model,
            prompt_id=f"sha256:{prompt.sha256[:16]}",
            prompt_name=f"{prompt.id}@{prompt.version}",
            parameters=parameters
            | {"temperature": self.temperature, "max_tokens": self.max_output_tokens, **self.params},
        )


def account_of(job: ProcessMessage) -> Account:
    """On whose behalf the message is asked about."""
    budget = job.options.budget if job.options else Budget()
    usd = None if budget.cost_micros is None else Decimal(budget.cost_micros) / MICROS
    limits = Limits(usd=usd, tokens=budget.tokens, messages=budget.messages)
    return Account(job.workflow_id, job.message.channel_id, limits if limits.any else None)


def fresh(job: ProcessMessage) -> str:
    """Whose answer will do: with `force` only one that this very workflow has paid for."""
    return job.workflow_id if job.options and job.options.force else ""
