"""Any model behind an OpenAI-compatible chat API: OpenAI itself, vLLM, LM Studio, OpenRouter, DeepSeek and others.

Importing this module imports the `openai` SDK, which is slow: the catalogue does so only for those who use it.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import openai
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice

from tg_parser.llm.errors import (
    InvalidOutputError,
    RefusedError,
    TransportError,
    TruncatedError,
)
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import cost_micros
from tg_parser.llm.providers import json_answer
from tg_parser.llm.providers.messages import Structured, messages, response_format
from tg_parser.llm.providers.openai_errors import translate

OPENAI_URL = "https://api.openai.com/v1"


class OpenAICompatibleModel:
    """One chat model over HTTP. See `LanguageModel` for what it promises."""

    def __init__(
        self, *, model: str, api_key: str, base_url: str = OPENAI_URL, timeout_s: float, structured: Structured
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            model: the model's name, as the server knows it.
            api_key: sent as a bearer token.
            base_url: up to and including the version, such as `http://127.0.0.1:8000/v1`.
            timeout_s: for the whole call, in seconds.
            structured: how the server is told the answer's shape; see `Structured`.
        """
        self._model = model
        self._timeout_s = timeout_s
        self._structured: Structured = structured
        self._base_url = base_url
        self._client = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=timeout_s, max_retries=0)

    @property
    def provider(self) -> str:
        """Always `openai`: the protocol, whoever serves it."""
        return "openai"

    @property
    def model(self) -> str:
        """The name given at the start."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        who = f"Model {model_asked(request, self)!r} at {self._base_url}"
        began = time.perf_counter()
        completion = await self._send(self._body(request), who)
        latency_ms = (time.perf_counter() - began) * 1000
        choice = _choice(completion, who)
        output = _output(choice, request, who)
        usage = _usage(completion)
        return StructuredResult(
            output=output,
            model=completion.model,
            provider=self.provider,
            usage=usage,
            cost_micros=cost_micros(usage, completion.model, self._base_url),
            latency_ms=latency_ms,
            finish_reason=choice.finish_reason,
            request_id=getattr(completion, "_request_id", None) or completion.id,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _body(self, request: StructuredRequest) -> dict[str, Any]:
        # OpenAI's newer models take only `max_completion_tokens`; servers that imitate it may know only the older name.
        limit = "max_completion_tokens" if self._base_url == OPENAI_URL else "max_tokens"
        optional = {
            "temperature": request.temperature,
            "response_format": response_format(request, self._structured),
        }
        return {
            "model": model_asked(request, self),
            "messages": messages(request, self._structured),
            limit: request.max_output_tokens,
            **{name: value for name, value in optional.items() if value is not None},
            **request.params,
        }

    async def _send(self, body: dict[str, Any], who: str) -> ChatCompletion:
        try:
            # The client's own time-out restarts with every byte; this one ends the call.
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post("/chat/completions", cast_to=ChatCompletion, body=body)
        except TimeoutError as error:
            raise TransportError(f"{who} did not answer within {self._timeout_s:g} s.") from error
        except openai.OpenAIError as error:
            raise translate(error, who, datetime.now(UTC)) from error


def _choice(completion: object, who: str) -> Choice:
    """The one answer in `completion`, which the client builds without checking it."""
    choices = getattr(completion, "choices", None)
    if not choices:
        raise InvalidOutputError(f"{who} answered with something other than a chat completion.")
    return choices[0]


def _output(choice: Choice, request: StructuredRequest, who: str) -> dict[str, Any]:
    if choice.finish_reason == "length":
        raise TruncatedError(f"{who} needed more than the {request.max_output_tokens} tokens it was given.")
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise RefusedError(f"{who} declined to answer about this post.")
    try:
        output = json_answer.parse_object(choice.message.content or "")
        json_answer.check(output, request.output.schema)
    except json_answer.NotJsonError as error:
        raise InvalidOutputError(f"{who} did not answer in the shape asked for: {error}.") from error
    return output


def _usage(completion: ChatCompletion) -> Usage:
    """Tokens taken apart: cached ones are inside OpenAI's prompt tokens, reasoning inside its completion tokens."""
    usage = completion.usage
    if usage is None:
        return Usage()
    inside, outside = usage.prompt_tokens_details, usage.completion_tokens_details
    read = (inside and inside.cached_tokens) or 0
    write = (inside and getattr(inside, "cache_write_tokens", None)) or 0
    reasoning = (outside and outside.reasoning_tokens) or 0
    return Usage(
        input_uncached=max(0, usage.prompt_tokens - read - write),
        cache_read=read,
        cache_write=write,
        output=max(0, usage.completion_tokens - reasoning),
        reasoning=reasoning,
    )
