"""The span attributes of a model call: OpenTelemetry's GenAI conventions, and ours where they have no word.

Names: https://github.com/open-telemetry/semantic-conventions-genai. No attribute carries any text of a prompt, a post
or an answer.
"""

from __future__ import annotations

from tg_parser.llm.port import StructuredRequest, StructuredResult

OPERATION = "chat"

ERROR_TYPE = "error.type"

Attributes = dict[str, str | int | float | bool | list[str]]


def of_request(provider: str, model: str, request: StructuredRequest) -> Attributes:
    """What is known before the call."""
    attributes: Attributes = {
        "gen_ai.operation.name": OPERATION,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.request.max_tokens": request.max_output_tokens,
        "gen_ai.output.type": "json",
        "gen_ai.prompt.name": request.prompt.id,
        "tg.llm.prompt.version": request.prompt.version,
        "tg.llm.document.chars": len(request.document),
    }
    if request.temperature is not None:
        attributes["gen_ai.request.temperature"] = request.temperature
    return attributes


def of_result(result: StructuredResult) -> Attributes:
    """What is known after it. By the conventions, input tokens include cached ones and output includes reasoning."""
    usage = result.usage
    attributes: Attributes = {
        "gen_ai.response.model": result.model,
        "gen_ai.response.finish_reasons": [result.finish_reason],
        "gen_ai.usage.input_tokens": usage.input_uncached + usage.cache_read + usage.cache_write,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write,
        "gen_ai.usage.output_tokens": usage.output + usage.reasoning,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning,
        "tg.llm.cached": result.cached,
    }
    if result.request_id is not None:
        attributes["gen_ai.response.id"] = result.request_id
    if result.cost_micros is not None:
        attributes["tg.llm.cost_micros"] = result.cost_micros
    return attributes
