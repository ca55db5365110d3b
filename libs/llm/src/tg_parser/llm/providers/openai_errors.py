"""What each failure of an OpenAI-compatible API means to us.

Codes: https://platform.openai.com/docs/guides/error-codes; servers that imitate the API word context overflow in their
own ways, hence the pattern.
"""

from __future__ import annotations

import re
from datetime import datetime

import openai

from tg_parser.llm.errors import (
    AuthFailedError,
    InvalidOutputError,
    InvalidRequestError,
    ModelError,
    OverloadedError,
    RefusedError,
    ThrottledError,
    TooLongError,
    TransportError,
    UnknownModelError,
)
from tg_parser.llm.providers.retry_after import retry_after

_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|maximum context|too (long|many tokens)|reduce the length|exceeds? .{0,40}tokens",
    re.IGNORECASE,
)
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"})
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


def translate(error: openai.OpenAIError, who: str, now: datetime) -> ModelError:
    """`error` as one of ours. `who` names the provider and model; `now` is needed for a Retry-After given as a date."""
    match error:
        case openai.APITimeoutError():
            return TransportError(f"{who} did not answer in time.")
        case openai.APIStatusError():
            kind = _kind(error)
            said = _one_line(error.message)
            wait = retry_after(error.response.headers, now)
            return kind(f"{who} answered with HTTP status {error.status_code}: {said}", retry_after=wait)
        case openai.APIConnectionError():
            return TransportError(f"{who} could not be reached: {_one_line(str(error.__cause__ or error))}.")
        case _:
            return InvalidOutputError(f"{who} answered with something the client could not read.")


def _kind(error: openai.APIStatusError) -> type[ModelError]:
    code = error.code or ""
    if code in _NO_CREDIT or error.type in _NO_CREDIT:
        return AuthFailedError
    if error.status_code in _BY_STATUS:
        return _BY_STATUS[error.status_code]
    if error.status_code >= 500:
        return OverloadedError
    return _kind_of_bad_request(code, error.message)


def _kind_of_bad_request(code: str, message: str) -> type[ModelError]:
    if code in _FILTERED:
        return RefusedError
    if code == "model_not_found":
        return UnknownModelError
    if code == "context_length_exceeded" or _TOO_LONG.search(message):
        return TooLongError
    return InvalidRequestError


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
