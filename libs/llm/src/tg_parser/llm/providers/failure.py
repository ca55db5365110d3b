"""What an HTTP failure means to us, whichever provider it comes from.

Codes: https://platform.openai.com/docs/guides/error-codes, https://docs.claude.com/en/api/errors,
https://ai.google.dev/gemini-api/docs/troubleshooting; servers that imitate an API word context overflow in their own
ways, hence the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tg_parser.llm.errors import (
    AuthFailedError,
    InvalidRequestError,
    ModelError,
    OverloadedError,
    RefusedError,
    ThrottledError,
    TooLongError,
    TransportError,
    UnknownModelError,
)

_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|maximum context|too (long|many tokens)|reduce the length|"
    r"exceeds? .{0,60}tokens|token count .{0,40}exceeds",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"credit balance|billing|purchase credits|insufficient balance", re.IGNORECASE)
_NO_CREDIT_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance", "billing_error"}
)
_BAD_KEY = re.compile(r"api key not valid|api[_ ]key[_ ]invalid|invalid api key|api key expired", re.IGNORECASE)
_FILTERED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
_PAYMENT_REQUIRED, _TOO_LARGE = 402, 413

_BY_STATUS: dict[int, type[ModelError]] = {
    401: AuthFailedError,
    _PAYMENT_REQUIRED: AuthFailedError,
    403: AuthFailedError,
    404: UnknownModelError,
    408: TransportError,
    409: TransportError,
    _TOO_LARGE: TooLongError,
    429: ThrottledError,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that says no.

    Attributes:
        status: the HTTP status.
        said: the provider's words.
        code: its own code or type; empty where it gives none.
        kind: a second, coarser code of some providers.
    """

    status: int
    said: str
    code: str = ""
    kind: str = ""


def error_of(failure: Failure, who: str, retry_after: float | None) -> ModelError:
    """`failure` as one of our errors. `who` names the model; `retry_after` is the wait the provider asked for."""
    message = f"{who} answered with HTTP status {failure.status}: {one_line(failure.said)}"
    return _class_of(failure)(message, retry_after=retry_after)


def _class_of(failure: Failure) -> type[ModelError]:
    if failure.code in _NO_CREDIT_CODES or failure.kind in _NO_CREDIT_CODES:
        return AuthFailedError
    if failure.status in _BY_STATUS:
        return _BY_STATUS[failure.status]
    if failure.status >= 500:
        return OverloadedError
    return _class_of_bad_request(failure)


def _class_of_bad_request(failure: Failure) -> type[ModelError]:
    if failure.code in _FILTERED:
        return RefusedError
    if failure.code == "model_not_found":
        return UnknownModelError
    if failure.code == "context_length_exceeded" or _TOO_LONG.search(failure.said):
        return TooLongError
    if _NO_CREDIT.search(failure.said) or _BAD_KEY.search(failure.said):
        return AuthFailedError
    return InvalidRequestError


def one_line(text: str) -> str:
    """`text` in one line, cut to a length a message can bear."""
    return " ".join(text.split())[:300]
