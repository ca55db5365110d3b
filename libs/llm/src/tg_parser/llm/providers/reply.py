"""From what a provider sent to what the port promises: one reading for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

from tg_parser.llm.errors import (
    InvalidOutputError,
    RefusedError,
    Spent,
    TooLongError,
    TruncatedError,
)
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.providers import json_answer

End = Literal["done", "length", "refused", "context"]
"""Why the model stopped: it was done, its budget was, it would not, or its context window was full."""

KEPT_ANSWER = 16_000
"""Characters of a wrong answer that are worth sending back to have it put right."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer in words that every provider can be put into.

    Attributes:
        text: what the model wrote.
        end: why it stopped.
        finish_reason: the same in the provider's words.
        model: the model that answered.
        usage: tokens in disjoint counts.
        request_id: the provider's id of the call.
        latency_ms: milliseconds until the whole answer was there.
    """

    text: str
    end: End
    finish_reason: str
    model: str
    usage: Usage
    request_id: str | None
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked, for messages and prices.

    Attributes:
        who: the beginning of every message: `Model 'x' at https://…`.
        provider: the provider's name.
        api_url: by which the list of prices knows it.
        prices: what tokens cost.
    """

    who: str
    provider: str
    api_url: str
    prices: PriceTable


def read_reply(reply: Reply, request: StructuredRequest, asked: Asked) -> StructuredResult:
    """The result that `reply` is for `request`.

    Raises:
        TruncatedError, RefusedError, TooLongError, InvalidOutputError: it is none; the error knows what it cost.
    """
    cost = asked.prices.cost_micros(reply.usage, reply.model, asked.api_url)
    spent = Spent(reply.usage, cost, reply.model, reply.request_id)
    if reply.end != "done":
        _raise_unfinished(reply, request, asked, spent)
    try:
        output = json_answer.parse_object(reply.text)
        json_answer.check(output, request.output.schema)
    except json_answer.NotJsonError as error:
        raise InvalidOutputError(
            f"{asked.who} did not answer in the shape asked for: {error}.",
            answer=reply.text[:KEPT_ANSWER],
            problem=str(error),
            spent=spent,
        ) from error
    return StructuredResult(
        output=output,
        model=reply.model,
        provider=asked.provider,
        usage=reply.usage,
        cost_micros=cost,
        latency_ms=reply.latency_ms,
        finish_reason=reply.finish_reason,
        request_id=reply.request_id,
    )


def _raise_unfinished(reply: Reply, request: StructuredRequest, asked: Asked, spent: Spent) -> NoReturn:
    if reply.end == "refused":
        raise RefusedError(f"{asked.who} declined to answer about this post.", spent=spent)
    if reply.end == "context":
        raise TooLongError(f"{asked.who} ran out of its context window.", spent=spent)
    raise TruncatedError(
        f"{asked.who} needed more than the {request.max_output_tokens} tokens it was given.", spent=spent
    )
