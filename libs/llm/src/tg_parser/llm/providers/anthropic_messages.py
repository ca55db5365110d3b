"""Anthropic's Messages API, with its structured outputs.

Importing this module imports the `anthropic` SDK, which is slow: the catalogue does so only for those who use it.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import anthropic
from anthropic.types import Message
from anthropic.types import Usage as AnthropicUsage

from tg_parser.llm.errors import InvalidOutputError, ModelError, TransportError
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.providers.failure import Failure, error_of
from tg_parser.llm.providers.messages import instructions, turns
from tg_parser.llm.providers.reply import Asked, End, Reply, read_reply
from tg_parser.llm.providers.retry_after import retry_after

ANTHROPIC_URL = "https://api.anthropic.com"
_ENDS: dict[str, End] = {"max_tokens": "length", "refusal": "refused", "model_context_window_exceeded": "context"}


class AnthropicModel:
    """One Claude model. See `LanguageModel` for what it promises."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = ANTHROPIC_URL,
        timeout_s: float,
        prices: PriceTable | None = None,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            model: the model's name.
            api_key: sent in a header.
            base_url: without the version.
            timeout_s: for the whole call, in seconds.
            prices: what tokens cost; None is the list's own.
        """
        self._model = model
        self._timeout_s = timeout_s
        self._base_url = base_url
        self._prices = prices or PriceTable()
        self._client = anthropic.AsyncAnthropic(api_key=api_key, base_url=base_url, timeout=timeout_s, max_retries=0)

    @property
    def provider(self) -> str:
        """Always `anthropic`."""
        return "anthropic"

    @property
    def model(self) -> str:
        """The name given at the start."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        who = f"Model {model_asked(request, self)!r} at {self._base_url}"
        began = time.perf_counter()
        message = await self._send(self._body(request), who)
        reply = _reply(message, who, (time.perf_counter() - began) * 1000)
        return read_reply(reply, request, Asked(who, self.provider, self._base_url, self._prices))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _body(self, request: StructuredRequest) -> dict[str, Any]:
        # The instructions are the same for every post: marked, they are paid for at a tenth from the second call on.
        system = {"type": "text", "text": instructions(request, "schema"), "cache_control": {"type": "ephemeral"}}
        body: dict[str, Any] = {
            "model": model_asked(request, self),
            "max_tokens": request.max_output_tokens,
            "system": [system],
            "messages": [{"role": turn.role, "content": turn.text} for turn in turns(request)],
            "output_config": {"format": {"type": "json_schema", "schema": dict(request.output.schema)}},
        }
        if request.temperature is not None:
            body["temperature"] = request.temperature
        return {**body, **request.params}

    async def _send(self, body: dict[str, Any], who: str) -> Message:
        try:
            # The client's own time-out restarts with every byte; this one ends the call.
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post("/v1/messages", cast_to=Message, body=body)
        except TimeoutError as error:
            raise TransportError(f"{who} did not answer within {self._timeout_s:g} s.") from error
        except anthropic.AnthropicError as error:
            raise _translate(error, who, datetime.now(UTC)) from error
        except ValueError as error:  # the SDK lets through what its JSON parser says of a body that is none
            raise InvalidOutputError(f"{who} answered with something other than JSON.") from error


def _reply(message: object, who: str, latency_ms: float) -> Reply:
    if not isinstance(message, Message) or not isinstance(getattr(message, "content", None), list):
        raise InvalidOutputError(f"{who} answered with something other than a message.")
    reason = message.stop_reason or ""
    return Reply(
        text="".join(block.text for block in message.content if block.type == "text"),
        end=_ENDS.get(reason, "done"),
        finish_reason=reason,
        model=message.model,
        usage=_usage(message.usage),
        request_id=getattr(message, "_request_id", None) or message.id,
        latency_ms=latency_ms,
    )


def _usage(usage: AnthropicUsage) -> Usage:
    """Tokens taken apart: Anthropic counts cached input beside `input_tokens`, and thinking inside `output_tokens`."""
    details = getattr(usage, "output_tokens_details", None)
    reasoning = min(usage.output_tokens, getattr(details, "thinking_tokens", None) or 0)
    return Usage(
        input_uncached=usage.input_tokens,
        cache_read=usage.cache_read_input_tokens or 0,
        cache_write=usage.cache_creation_input_tokens or 0,
        output=usage.output_tokens - reasoning,
        reasoning=reasoning,
    )


def _translate(error: anthropic.AnthropicError, who: str, now: datetime) -> ModelError:
    match error:
        case anthropic.APITimeoutError():
            return TransportError(f"{who} did not answer in time.")
        case anthropic.APIStatusError():
            wait = retry_after(error.response.headers, now)
            return error_of(Failure(error.status_code, _said(error), _type(error)), who, wait)
        case anthropic.APIConnectionError():
            return TransportError(f"{who} could not be reached: {error.__cause__ or error}.")
        case _:
            return InvalidOutputError(f"{who} answered with something the client could not read.")


def _said(error: anthropic.APIStatusError) -> str:
    return str(_error_body(error).get("message") or error.message)


def _type(error: anthropic.APIStatusError) -> str:
    return str(_error_body(error).get("type") or "")


def _error_body(error: anthropic.APIStatusError) -> dict[str, Any]:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error")
    return inner if isinstance(inner, dict) else {}
