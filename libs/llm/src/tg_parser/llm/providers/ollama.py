"""Ollama's own `/api/chat`: only there can the context window be set, and a prompt that does not fit be refused.

Its OpenAI-compatible endpoint, and its Python client, silently cut a long prompt to the window the model was loaded with.
"""

from __future__ import annotations

import time
from typing import Any

from tg_parser.llm.errors import InvalidOutputError, TooLongError
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.providers.failure import Failure
from tg_parser.llm.providers.json_endpoint import JsonEndpoint
from tg_parser.llm.providers.messages import messages
from tg_parser.llm.providers.reply import Asked, Reply, read_reply
from tg_parser.llm.tokens import estimated_tokens

OLLAMA_URL = "http://127.0.0.1:11434"
_STEP = 2048  # tokens; windows are asked for in steps, since the server loads the model anew for each other size


class OllamaModel:
    """One model of an Ollama server. See `LanguageModel` for what it promises."""

    def __init__(
        self,
        *,
        model: str,
        base_url: str = OLLAMA_URL,
        api_key: str = "",
        timeout_s: float,
        prices: PriceTable | None = None,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            model: the model's name with its tag.
            base_url: of the server; a trailing `/v1` is taken off.
            api_key: sent as a bearer token, for a server behind a proxy; empty for none.
            timeout_s: for the whole call, in seconds.
            prices: what tokens cost; a server of one's own has no price unless one is given.
        """
        self._model = model
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._prices = prices or PriceTable()
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._endpoint = JsonEndpoint(self._base_url, headers, timeout_s)

    @property
    def provider(self) -> str:
        """Always `ollama`."""
        return "ollama"

    @property
    def model(self) -> str:
        """The name given at the start."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        name = model_asked(request, self)
        who = f"Model {name!r} at {self._base_url}"
        body = _body(request, name)
        began = time.perf_counter()
        answer = await self._endpoint.post("/api/chat", body, who, _failure)
        reply = _reply(answer, name, who, (time.perf_counter() - began) * 1000)
        window = int(body["options"]["num_ctx"])
        if reply.usage.input_uncached >= window:
            raise TooLongError(f"{who} was given a prompt that fills its window of {window} tokens.")
        return read_reply(reply, request, Asked(who, self.provider, self._base_url, self._prices))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()


def _body(request: StructuredRequest, name: str) -> dict[str, Any]:
    sent = messages(request, "schema")
    params = dict(request.params)
    think = params.pop("think", None)
    needed = estimated_tokens("".join(turn["content"] for turn in sent)) + request.max_output_tokens
    options: dict[str, Any] = {
        "num_predict": request.max_output_tokens,
        "num_ctx": -(-needed // _STEP) * _STEP,
        **params,
    }
    if request.temperature is not None:
        options["temperature"] = request.temperature
    return {
        "model": name,
        "messages": sent,
        "format": dict(request.output.schema),
        "options": options,
        "stream": False,
        "truncate": False,
        "shift": False,
        **({} if think is None else {"think": think}),
    }


def _reply(answer: dict[str, Any], name: str, who: str, latency_ms: float) -> Reply:
    message = answer.get("message")
    if not isinstance(message, dict) or not answer.get("done"):
        raise InvalidOutputError(f"{who} answered with something other than a finished message.")
    reason = str(answer.get("done_reason") or "stop")
    return Reply(
        text=str(message.get("content") or ""),
        end="length" if reason == "length" else "done",
        finish_reason=reason,
        model=str(answer.get("model") or name),
        usage=Usage(
            input_uncached=int(answer.get("prompt_eval_count") or 0), output=int(answer.get("eval_count") or 0)
        ),
        request_id=None,
        latency_ms=latency_ms,
    )


def _failure(status: int, body: Any) -> tuple[Failure, float | None]:
    said = body.get("error") if isinstance(body, dict) else body
    said = said.get("message") if isinstance(said, dict) else said
    return Failure(status, str(said or "")), None
