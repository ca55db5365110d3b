"""How each provider's API is spoken: what a request must look like, and how an answer and a refusal do.

Written from the providers' documentation, not from our adapters: that is what makes it a test of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tg_parser.testkit.http_exchange import Request

End = Literal["done", "length", "refused"]
Trouble = Literal[
    "throttled", "overloaded", "server", "bad_key", "no_credit", "unknown_model", "too_long", "bad_request", "timeout"
]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of one call, in words that do not overlap."""

    fresh: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A request in words that every provider can be put into."""

    model: str
    key: str
    system: str
    turns: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any] | None
    max_output: int
    temperature: float | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failure as the provider sends it."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's API.

    Attributes:
        name: the provider's name.
        version_path: what belongs to a base URL beside host and port.
        hear: a request understood. Raises AssertionError if it is none the provider would take.
        answer: the body of an answer: its text, end and tokens.
        refusal: a failure of a kind; seconds to wait go where the provider puts them.
    """

    name: str
    version_path: str
    hear: Callable[[Request], Heard]
    answer: Callable[[Heard, str, End, Counts], dict[str, Any]]
    refusal: Callable[[Trouble, float | None], Refusal]


STATUS: Mapping[Trouble, int] = {
    "throttled": 429, "overloaded": 503, "server": 500, "bad_key": 401, "no_credit": 402, "unknown_model": 404,
    "too_long": 400, "bad_request": 400, "timeout": 408,
}  # fmt: skip


# ── OpenAI: https://platform.openai.com/docs/api-reference/chat


def _hear_openai(request: Request) -> Heard:
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    body = request.body
    form = body.get("response_format")
    assert form is None or form["type"] in {"json_schema", "json_object"}
    wanted = form["json_schema"] if form and form["type"] == "json_schema" else None
    if wanted:
        assert wanted["strict"] is True
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", wanted["name"])
        assert_strict(wanted["schema"])
    first, *others = body["messages"]
    assert first["role"] == "system"
    limit = int(body.get("max_tokens") or body["max_completion_tokens"])
    return Heard(
        body["model"], request.headers["authorization"].removeprefix("Bearer "), first["content"], _turns(others),
        wanted["schema"] if wanted else None, limit, body.get("temperature"),
    )  # fmt: skip


def _answer_openai(heard: Heard, text: str, end: End, counts: Counts) -> dict[str, Any]:
    refused = end == "refused"
    prompt, completion = counts.fresh + counts.cached + counts.written, counts.output + counts.reasoning
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": heard.model,
        "choices": [{
            "index": 0, "logprobs": None, "finish_reason": {"done": "stop", "length": "length", "refused": "stop"}[end],
            "message": {"role": "assistant", "content": None if refused else text,
                        "refusal": "I cannot help with that." if refused else None},
        }],
        "usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": counts.written},
            "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
        },
    }  # fmt: skip


def _refuse_openai(trouble: Trouble, wait: float | None) -> Refusal:
    code, said = {
        "throttled": ("rate_limit_exceeded", "Rate limit reached for requests."),
        "overloaded": (None, "The engine is currently overloaded, please try again later."),
        "server": (None, "The server had an error while processing your request."),
        "bad_key": ("invalid_api_key", "Incorrect API key provided."),
        "no_credit": ("insufficient_quota", "You exceeded your current quota."),
        "unknown_model": ("model_not_found", "The model does not exist."),
        "too_long": ("context_length_exceeded", "This model's maximum context length is 8192 tokens."),
        "bad_request": ("unsupported_parameter", "Unsupported parameter: 'seed'."),
        "timeout": (None, "Request timeout."),
    }[trouble]
    status = 429 if trouble == "no_credit" else STATUS[trouble]
    error = {"message": said, "type": code or "server_error", "param": None, "code": code}
    return Refusal(status, {"error": error}, _retry_after(wait))


# ── Anthropic: https://docs.claude.com/en/api/messages


def _hear_anthropic(request: Request) -> Heard:
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", request.headers["anthropic-version"])
    body = request.body
    form = body["output_config"]["format"]
    assert form["type"] == "json_schema"
    assert_strict(form["schema"])
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert body["messages"][0]["role"] == "user"
    return Heard(
        body["model"], _anthropic_key(request), "".join(block["text"] for block in body["system"]),
        _turns(body["messages"]), form["schema"], body["max_tokens"], body.get("temperature"),
    )  # fmt: skip


def _anthropic_key(request: Request) -> str:
    """The API takes a key in either header; clients send one of them."""
    return request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")


def _answer_anthropic(heard: Heard, text: str, end: End, counts: Counts) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": heard.model,
        "content": [] if end == "refused" else [{"type": "text", "text": text}],
        "stop_reason": {"done": "end_turn", "length": "max_tokens", "refused": "refusal"}[end], "stop_sequence": None,
        "usage": {
            "input_tokens": counts.fresh, "cache_read_input_tokens": counts.cached,
            "cache_creation_input_tokens": counts.written, "output_tokens": counts.output + counts.reasoning,
            "output_tokens_details": {"thinking_tokens": counts.reasoning},
        },
    }  # fmt: skip


def _refuse_anthropic(trouble: Trouble, wait: float | None) -> Refusal:
    kind, said = {
        "throttled": ("rate_limit_error", "This request would exceed your organization's rate limit."),
        "overloaded": ("overloaded_error", "Overloaded"),
        "server": ("api_error", "Internal server error"),
        "bad_key": ("authentication_error", "invalid x-api-key"),
        "no_credit": ("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        "unknown_model": ("not_found_error", "model: no-such-model"),
        "too_long": ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        "bad_request": ("invalid_request_error", "seed: Extra inputs are not permitted"),
        "timeout": ("timeout_error", "Request timed out"),
    }[trouble]
    status = {"overloaded": 529, "no_credit": 400}.get(trouble, STATUS[trouble])
    return Refusal(status, {"type": "error", "error": {"type": kind, "message": said}}, _retry_after(wait))


# ── Gemini: https://ai.google.dev/api/generate-content


def _hear_gemini(request: Request) -> Heard:
    found = re.fullmatch(r"/v1beta/models/([\w.-]+):generateContent", request.path)
    assert request.method == "POST"
    assert found, request.path  # no key in the address
    generation = request.body["generationConfig"]
    assert generation["responseMimeType"] == "application/json"
    assert_strict(generation["responseJsonSchema"])
    contents = request.body["contents"]
    assert {content["role"] for content in contents} <= {"user", "model"}
    turns = tuple((content["role"].replace("model", "assistant"), content["parts"][0]["text"]) for content in contents)
    system = request.body["systemInstruction"]["parts"][0]["text"]
    return Heard(
        found[1], request.headers["x-goog-api-key"], system, turns, generation["responseJsonSchema"],
        generation["maxOutputTokens"], generation.get("temperature"),
    )  # fmt: skip


def _answer_gemini(heard: Heard, text: str, end: End, counts: Counts) -> dict[str, Any]:
    reason = {"done": "STOP", "length": "MAX_TOKENS", "refused": "SAFETY"}[end]
    content = {} if end == "refused" else {"content": {"role": "model", "parts": [{"text": text}]}}
    prompt = counts.fresh + counts.cached
    return {
        "candidates": [{"index": 0, "finishReason": reason, **content}],
        "modelVersion": heard.model, "responseId": "resp-1",
        "usageMetadata": {
            "promptTokenCount": prompt, "cachedContentTokenCount": counts.cached,
            "candidatesTokenCount": counts.output, "thoughtsTokenCount": counts.reasoning,
            "totalTokenCount": prompt + counts.output + counts.reasoning,
        },
    }  # fmt: skip


def _refuse_gemini(trouble: Trouble, wait: float | None) -> Refusal:
    status, name, said = {
        "throttled": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
        "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "server": (500, "INTERNAL", "An internal error has occurred."),
        "bad_key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "no_credit": (403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
        "unknown_model": (404, "NOT_FOUND", "models/no-such-model is not found for API version v1beta."),
        "too_long": (400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum (1048576)."),
        "bad_request": (400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "seed".'),
        "timeout": (504, "DEADLINE_EXCEEDED", "The service did not finish in time."),
    }[trouble]
    details = (
        [] if wait is None else [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait:g}s"}]
    )
    return Refusal(status, {"error": {"code": status, "message": said, "status": name, "details": details}}, {})


# ── Ollama: https://github.com/ollama/ollama/blob/main/docs/api.md


def _hear_ollama(request: Request) -> Heard:
    assert (request.method, request.path) == ("POST", "/api/chat")
    body = request.body
    assert body["stream"] is False
    assert body["truncate"] is False
    assert body["options"]["num_ctx"] % 1024 == 0
    assert body["options"]["num_ctx"] > body["options"]["num_predict"]
    first, *others = body["messages"]
    assert first["role"] == "system"
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    options = body["options"]
    return Heard(
        body["model"], key, first["content"], _turns(others), body["format"], options["num_predict"],
        options.get("temperature"),
    )  # fmt: skip


def _answer_ollama(heard: Heard, text: str, end: End, counts: Counts) -> dict[str, Any]:
    return {
        "model": heard.model, "created_at": "2026-01-01T00:00:00Z", "done": True,
        "done_reason": "length" if end == "length" else "stop", "message": {"role": "assistant", "content": text},
        "prompt_eval_count": counts.fresh, "eval_count": counts.output, "total_duration": 1,
    }  # fmt: skip


def _refuse_ollama(trouble: Trouble, wait: float | None) -> Refusal:
    said = {
        "throttled": "too many requests",
        "overloaded": "server busy, please try again.  maximum pending requests exceeded",
        "server": "llama runner process has terminated",
        "bad_key": "unauthorized",
        "no_credit": "payment required",
        "unknown_model": "model 'no-such-model' not found",
        "too_long": "prompt too long; exceeded max context length by 512 tokens",
        "bad_request": "invalid option provided: seed",
        "timeout": "timed out",
    }[trouble]
    return Refusal(STATUS[trouble], {"error": said}, _retry_after(wait))


def assert_strict(schema: Mapping[str, Any]) -> None:
    """What strict modes demand of a schema: every property required, none beyond them, no limits they do not know."""
    if schema.get("type") == "object":
        assert set(schema["required"]) == set(schema["properties"])
        assert schema["additionalProperties"] is False
        for inner in schema["properties"].values():
            assert_strict(inner)
    if schema.get("type") == "array":
        assert_strict(schema["items"])
    assert not {"minLength", "maxLength", "minimum", "maximum", "pattern", "minItems", "maxItems"} & set(schema)


def _turns(messages: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((message["role"], message["content"]) for message in messages)


def _retry_after(wait: float | None) -> dict[str, str]:
    return {} if wait is None else {"retry-after": json.dumps(wait)}


OPENAI = Dialect("openai", "/v1", _hear_openai, _answer_openai, _refuse_openai)
ANTHROPIC = Dialect("anthropic", "", _hear_anthropic, _answer_anthropic, _refuse_anthropic)
GEMINI = Dialect("gemini", "/v1beta", _hear_gemini, _answer_gemini, _refuse_gemini)
OLLAMA = Dialect("ollama", "", _hear_ollama, _answer_ollama, _refuse_ollama)
DIALECTS = (OPENAI, ANTHROPIC, GEMINI, OLLAMA)
