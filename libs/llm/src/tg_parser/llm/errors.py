"""Why a model did not answer: one hierarchy, so that retries, budgets and refusals are decided by class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tg_parser.llm.port import Usage


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call cost that gave no usable answer: providers charge for truncated and malformed ones as well.

    Attributes:
        usage: tokens, by kind.
        cost_micros: the price in millionths of a US dollar; None where it is not known.
        model: the model that answered, as the provider names it.
        request_id: the provider's id of the call; None where it gives none.
    """

    usage: Usage = field(default_factory=Usage)
    cost_micros: int | None = None
    model: str = ""
    request_id: str | None = None


class ModelError(Exception):
    """A model call that gave no usable answer. The message is a sentence that names the provider and the model.

    Attributes:
        retryable: whether the same request may succeed if it is sent again.
        retry_after: seconds the provider asked us to wait; None where it named no time.
        spent: what the call cost all the same; None where nothing was charged, or nobody knows.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: float | None = None, spent: Spent | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.spent = spent


class TransportError(ModelError):
    """The request or its answer was lost on the way: no connection, a broken one, or a time-out."""

    retryable = True


class ThrottledError(ModelError):
    """The provider's rate limit was reached; everyone who shares the key should wait `retry_after` seconds."""

    retryable = True


class OverloadedError(ModelError):
    """The provider failed on its side (5xx): it has no capacity now, or a fault of its own."""

    retryable = True


class InvalidOutputError(ModelError):
    """The model answered, but not with JSON of the schema asked for. Asked again, it may answer properly.

    Attributes:
        answer: what it wrote, cut to a length worth sending back; empty where there is nothing.
        problem: the rule the answer breaks, in words.
    """

    retryable = True

    def __init__(self, message: str, *, answer: str = "", problem: str = "", spent: Spent | None = None) -> None:
        super().__init__(message, spent=spent)
        self.answer = answer
        self.problem = problem


class TruncatedError(ModelError):
    """The answer did not fit into `max_output_tokens`. Asking again with the same budget ends the same way."""


class RefusedError(ModelError):
    """The model, or the provider's content filter, declined to answer about this document."""


class TooLongError(ModelError):
    """The request is longer than the model's context window."""


class InvalidRequestError(ModelError):
    """The provider found the request itself wrong: a parameter or a schema that this model does not take."""


class AuthFailedError(ModelError):
    """The account may not call: a wrong key, a forbidden model, or no credit left. A person has to act."""


class UnknownModelError(ModelError):
    """The provider has no model of this name."""


class ModelUnavailableError(ModelError):
    """Nobody was asked: the model has failed too often, and is left alone for `retry_after` seconds.

    Attributes:
        needs_person: whether it will go on failing until somebody changes a key, a name or a setting.
    """

    def __init__(self, message: str, *, retry_after: float, needs_person: bool = False) -> None:
        super().__init__(message, retry_after=retry_after)
        self.needs_person = needs_person


class BudgetExceededError(ModelError):
    """Nobody was asked: the call could cost more than is left of a budget. The message says which one."""
