"""What each failure of an OpenAI-compatible API means to us."""

from __future__ import annotations

from datetime import datetime

import openai

from tg_parser.llm.errors import InvalidOutputError, ModelError, TransportError
from tg_parser.llm.providers.failure import Failure, error_of, one_line
from tg_parser.llm.providers.retry_after import retry_after


def translate(error: openai.OpenAIError, who: str, now: datetime) -> ModelError:
    """`error` as one of ours. `who` names the provider and model; `now` is needed for a Retry-After given as a date."""
    match error:
        case openai.APITimeoutError():
            return TransportError(f"{who} did not answer in time.")
        case openai.APIStatusError():
            failure = Failure(error.status_code, error.message, error.code or "", error.type or "")
            return error_of(failure, who, retry_after(error.response.headers, now))
        case openai.APIConnectionError():
            return TransportError(f"{who} could not be reached: {one_line(str(error.__cause__ or error))}.")
        case _:
            return InvalidOutputError(f"{who} answered with something the client could not read.")
