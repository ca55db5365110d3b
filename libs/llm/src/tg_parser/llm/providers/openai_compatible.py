"""Any model behind an OpenAI-compatible chat API: OpenAI itself, vLLM, LM Studio, OpenRouter, DeepSeek and others.

Importing this module imports the `openai` SDK, which is slow: the catalogue does so only for those who use it.
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Any

import openai
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice

from tg_parser.llm.errors import InvalidOutputError, InvalidRequestError, TransportError
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.providers.messages import Structured, messages, response_format
from tg_parser.llm.providers.openai_errors import translate
from tg_parser.llm.providers.reply import Asked, End, Reply, read_reply

OPENAI_URL = "https://api.openai.com/v1"
_ENDS: dict[str, End] = {"length": "length", "content_filter": "refused"}


class OpenAICompatibleModel:
    """One chat model over HTTP. See `LanguageModel` for what it promises."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = OPENAI_URL,
        timeout_s: float,
        structured: Structured,
        prices: PriceTable | None = None,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            model: the model's name, as the server knows it.
            api_key: sent as a bearer token.
            base_url: up to and including the version, such as `http://127.0.0.1:8000/v1`.
            timeout_s: for the whole call, in seconds.
            structured: how the server is told the answer's shape, to begin with: one that does not know a way says so,
                and is told in the next simpler one from then on. Likewise a model that takes no temperature.
            prices: what tokens cost; None is the list's own.
        """
        self._model = model
        self._timeout_s = timeout_s
        self._structured: Structured = structured
        self._takes_temperature = True
        self._base_url = base_url
        self._prices = prices or PriceTable()
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
        completion = await self._understood(request, who)
        reply = _reply(completion, who, (time.perf_counter() - began) * 1000)
        return read_reply(reply, request, Asked(who, self.provider, self._base_url, self._prices))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _understood(self, request: StructuredRequest, who: str) -> ChatCompletion:
        """Send `request` in the way the server understands. One it refuses unread costs nothing, and teaches us."""
        while True:
            body = self._body(request)
            try:
                return await self._send(body, who)
            except InvalidRequestError as error:
                if not self._learnt(str(error), body):
                    raise

    def _learnt(self, said: str, body: dict[str, Any]) -> bool:
        """Whether the server's words tell of something that can be left out from now on."""
        if "temperature" in said and "temperature" in body:
            self._takes_temperature = False
            return True
        if "response_format" in body and re.search(r"response_format|json_schema|json_object", said):
            self._structured = "json" if body["response_format"]["type"] == "json_schema" else "none"
            return True
        return False

    def _body(self, request: StructuredRequest) -> dict[str, Any]:
        # OpenAI's newer models take only `max_completion_tokens`; servers that imitate it may know only the older name.
        limit = "max_completion_tokens" if self._base_url == OPENAI_URL else "max_tokens"
        optional = {
            "temperature": request.temperature if self._takes_temperature else None,
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
        except ValueError as error:  # the SDK lets through what its JSON parser says of a body that is none
            raise InvalidOutputError(f"{who} answered with something other than JSON.") from error


def _reply(completion: ChatCompletion, who: str, latency_ms: float) -> Reply:
    choice = _choice(completion, who)
    refused = bool(choice.message.refusal)
    return Reply(
        text=choice.message.content or "",
        end="refused" if refused else _ENDS.get(choice.finish_reason, "done"),
        finish_reason=choice.finish_reason,
        model=completion.model,
        usage=_usage(completion),
        request_id=getattr(completion, "_request_id", None) or completion.id,
        latency_ms=latency_ms,
    )


def _choice(completion: object, who: str) -> Choice:
    """The one answer in `completion`, which the client builds without checking it."""
    choices = getattr(completion, "choices", None)
    if not choices:
        raise InvalidOutputError(f"{who} answered with something other than a chat completion.")
    return choices[0]


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
