"""The model port: what is asked of a language model, what it answers, and what every provider promises."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from tg_parser.llm.canonical import digest


@dataclass(frozen=True)
class Prompt:
    """Instructions under version control.

    Attributes:
        id: the prompt's stable name, such as `extract-post`.
        version: its version for people; what counts for the cache is the text itself.
        text: the instructions, trusted, sent before anything a stranger wrote.
    """

    id: str
    version: str
    text: str

    @cached_property
    def sha256(self) -> str:
        """The digest of the text, in hexadecimal: an edited prompt is another prompt, whatever its version says."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class OutputSchema:
    """The JSON Schema the answer must satisfy, under the name some providers want for it (`[a-zA-Z0-9_-]{1,64}`)."""

    name: str
    schema: Mapping[str, Any]

    @cached_property
    def sha256(self) -> str:
        """The digest of the schema in canonical JSON."""
        return digest(self.schema)


class Limits(BaseModel):
    """The most that may be used of a budget, in US dollars, tokens of all kinds, and messages; None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: Decimal | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    messages: int | None = Field(default=None, ge=0)

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return self.usd is not None or self.tokens is not None or self.messages is not None


@dataclass(frozen=True, slots=True)
class Account:
    """On whose behalf a question is asked: for budgets, turns and the ledger, never for the answer.

    Attributes:
        workflow_id: of the workflow; empty where there is none.
        channel_id: of the channel the post is from.
        limits: the workflow's own budget; None is the deployment's.
    """

    workflow_id: str = ""
    channel_id: str = ""
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One of several documents in one request.

    Attributes:
        id: what the answer must name it by.
        document: its text, written by a stranger.
        hints: what is known about it besides.
    """

    id: str
    document: str
    hints: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Repair:
    """A second turn of the same question: what the model wrote first, and what was wrong with it.

    Attributes:
        answer: the first answer as it came, cut to a length worth sending back.
        problem: the rule it breaks, in words.
    """

    answer: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredRequest:
    """One question about one document, to be answered in JSON.

    Attributes:
        prompt: the trusted instructions.
        document: the post's text, written by a stranger: data, never instructions.
        hints: what is known about the document besides its text (JSON values): `channel_title`, `date`, `media`.
        output: the schema of the answer.
        model: another model of the same provider; None means the one the port was opened for.
        max_output_tokens: the most the answer may take, in the model's tokens.
        temperature: None leaves it to the provider, since some models accept only their default.
        params: further provider parameters (JSON values) such as `seed` or `reasoning_effort`, sent as they are.
        posts: several documents instead of one; `document` is then empty.
        repair: what to put right in a first answer; None in a first turn.
        account: who asks. No part of the question: two accounts share an answer.
        fresh: not empty if an answer stored for somebody else will not do; equal values share one.
        about: the name of what the document is, kept beside a stored answer so that it can be erased; no part of the question.
    """

    prompt: Prompt
    document: str
    output: OutputSchema
    hints: Mapping[str, Any] = field(default_factory=dict[str, Any])
    model: str | None = None
    max_output_tokens: int = 2048
    temperature: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    posts: tuple[Post, ...] = ()
    repair: Repair | None = None
    account: Account = Account()
    fresh: str = ""
    about: str = ""


class Usage(BaseModel):
    """Tokens in five disjoint counts: their sum is everything the provider counted.

    Providers nest these differently (OpenAI reports cached tokens inside prompt tokens, others beside them); each
    adapter takes them apart, so that nothing is counted, or paid for, twice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_uncached: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input_uncached + self.cache_read + self.cache_write + self.output + self.reasoning


class StructuredResult(BaseModel):
    """What a model answered, and what the answer cost.

    Attributes:
        output: the parsed answer, valid under the request's schema.
        model: the model that answered, as the provider names it (often a dated snapshot).
        provider: who was asked, such as `openai` or `local`.
        usage: tokens, by kind.
        cost_micros: the price in millionths of a US dollar; None where the price is not known, which is not 0.
        latency_ms: from sending the request to having the whole answer, in milliseconds.
        finish_reason: in the provider's words, such as `stop`.
        request_id: the provider's id of the call, for its support; None where it gives none.
        cached: true if the answer came from a cache, or was shared with an equal call in flight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: dict[str, Any]
    model: str
    provider: str
    usage: Usage = Usage()
    cost_micros: int | None = None
    latency_ms: float = 0.0
    finish_reason: str = "stop"
    request_id: str | None = None
    cached: bool = False


class ModelName(Protocol):
    """Which model of which provider."""

    @property
    def provider(self) -> str:
        """The provider's name, as it appears in cache keys, metrics and results."""
        ...

    @property
    def model(self) -> str:
        """The model asked when a request names none."""
        ...


class LanguageModel(ModelName, Protocol):
    """One model of one provider."""

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`.

        Promises: the output satisfies the request's schema; one call is one attempt, with no retry inside; the call
        ends within the time-out the model was opened with; several calls may run at once; cancelling the call
        abandons it and leaves the model usable.

        Raises:
            ModelError: there is no usable answer. The subclass tells why, and whether to ask again.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and tasks. No call may follow; closing twice is harmless."""
        ...


def model_asked(request: StructuredRequest, model: ModelName) -> str:
    """The name of the model that `request` is for when it is given to `model`."""
    return request.model or model.model
