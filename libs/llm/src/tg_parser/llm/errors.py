"""Why a model did not answer: one hierarchy, so that retries, budgets and refusals are decided by class."""

from __future__ import annotations

from typing import ClassVar


class ModelError(Exception):
    """A model call that gave no usable answer. The message is a sentence that names the provider and the model.

    Attributes:
        retryable: whether the same request may succeed if it is sent again.
        retry_after: seconds the provider asked us to wait; None where it named no time.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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
    """The model answered, but not with JSON of the schema asked for. Asked again, it may answer properly."""

    retryable = True


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
