"""Gemini's `generateContent`, with its own JSON Schemas.

Its native API is one JSON request: Google's SDK would bring five further libraries for it, and its OpenAI-compatible
endpoint neither tells blocked prompts apart nor takes every schema.
"""

from __future__ import annotations

import re
import time
from typing import Any

from tg_parser.llm.errors import InvalidOutputError, RefusedError
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.providers.failure import Failure
from tg_parser.llm.providers.json_endpoint import JsonEndpoint
from tg_parser.llm.providers.messages import instructions, turns
from tg_parser.llm.providers.reply import Asked, End, Reply, read_reply

GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta"
_REFUSALS = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "LANGUAGE")
_ENDS: dict[str, End] = {"MAX_TOKENS": "length", **dict.fromkeys(_REFUSALS, "refused")}
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)s")


class GeminiModel:
    """One Gemini model. See `LanguageModel` for what it promises."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = GEMINI_URL,
        timeout_s: float,
        prices: PriceTable | None = None,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            model: the model's name, without `models/`.
            api_key: sent as a header; in an address it would end up in logs.
            base_url: up to and including the version.
            timeout_s: for the whole call, in seconds.
            prices: what tokens cost; None is the list's own.
        """
        self._model = model
        self._base_url = base_url.rstrip("/")
        self._prices = prices or PriceTable()
        self._endpoint = JsonEndpoint(self._base_url, {"x-goog-api-key": api_key}, timeout_s)

    @property
    def provider(self) -> str:
        """Always `gemini`."""
        return "gemini"

    @property
    def model(self) -> str:
        """The name given at the start."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        name = model_asked(request, self)
        who = f"Model {name!r} at {self._base_url}"
        began = time.perf_counter()
        answer = await self._endpoint.post(f"/models/{name}:generateContent", _body(request), who, _failure)
        reply = _reply(answer, name, who, (time.perf_counter() - began) * 1000)
        return read_reply(reply, request, Asked(who, self.provider, self._base_url, self._prices))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()


def _body(request: StructuredRequest) -> dict[str, Any]:
    generation: dict[str, Any] = {
        "responseMimeType": "application/json",
        "responseJsonSchema": dict(request.output.schema),
        "maxOutputTokens": request.max_output_tokens,
        **request.params,
    }
    if request.temperature is not None:
        generation["temperature"] = request.temperature
    roles = {"user": "user", "assistant": "model"}
    return {
        "systemInstruction": {"parts": [{"text": instructions(request, "schema")}]},
        "contents": [{"role": roles[turn.role], "parts": [{"text": turn.text}]} for turn in turns(request)],
        "generationConfig": generation,
    }


def _reply(answer: dict[str, Any], name: str, who: str, latency_ms: float) -> Reply:
    blocked = _object(answer.get("promptFeedback")).get("blockReason")
    if blocked:
        raise RefusedError(f"{who} declined to read this post: {blocked}.")
    candidate = _first(answer.get("candidates"))
    if candidate is None:
        raise InvalidOutputError(f"{who} answered without any candidate.")
    reason = str(candidate.get("finishReason") or "")
    parts = _object(candidate.get("content")).get("parts") or []
    texts = [str(part.get("text") or "") for part in parts if isinstance(part, dict) and not part.get("thought")]
    return Reply(
        text="".join(texts),
        end=_ENDS.get(reason, "done"),
        finish_reason=reason,
        model=str(answer.get("modelVersion") or name),
        usage=_usage(_object(answer.get("usageMetadata"))),
        request_id=answer.get("responseId"),
        latency_ms=latency_ms,
    )


def _usage(counts: dict[str, Any]) -> Usage:
    """Tokens taken apart: cached ones are inside Gemini's prompt tokens, thoughts beside its candidates' tokens."""
    read = int(counts.get("cachedContentTokenCount") or 0)
    return Usage(
        input_uncached=max(0, int(counts.get("promptTokenCount") or 0) - read),
        cache_read=read,
        output=int(counts.get("candidatesTokenCount") or 0),
        reasoning=int(counts.get("thoughtsTokenCount") or 0),
    )


def _failure(status: int, body: Any) -> tuple[Failure, float | None]:
    error = _object(_object(body[0] if isinstance(body, list) and body else body).get("error"))
    said = str(error.get("message") or (body if isinstance(body, str) else ""))
    return Failure(status, said, str(error.get("status") or "")), _retry_delay(error.get("details"))


def _retry_delay(details: Any) -> float | None:
    """The wait in a `google.rpc.RetryInfo`: Gemini names it in the body and sends no Retry-After."""
    for detail in details if isinstance(details, list) else []:
        found = _SECONDS.fullmatch(str(_object(detail).get("retryDelay") or ""))
        if found:
            return float(found[1])
    return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(values: Any) -> dict[str, Any] | None:
    return values[0] if isinstance(values, list) and values and isinstance(values[0], dict) else None
