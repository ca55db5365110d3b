"""The identity of a question: two requests share a key exactly when they ask the same thing of the same model."""

from __future__ import annotations

from tg_parser.llm.canonical import digest
from tg_parser.llm.port import ModelName, StructuredRequest, model_asked

KEY_VERSION = 1
"""Raised when the meaning of a key changes, so that answers stored under the old meaning are not found again."""


def cache_key(request: StructuredRequest, model: ModelName) -> str:
    """The SHA-256 (hexadecimal) of everything the answer may depend on.

    The prompt counts by its text, not by its version, and the schema by its content. Whatever must not force a new
    answer (views, reactions, the time of fetching) must not be put into the request's hints. Who asks, and in whose
    company a post travels to the model, is no part of the question.
    """
    return digest(
        {
            "key_version": KEY_VERSION,
            "document": request.document,
            "hints": dict(request.hints),
            "prompt": request.prompt.sha256,
            "schema": [request.output.name, request.output.sha256],
            "provider": model.provider,
            "model": model_asked(request, model),
            "max_output_tokens": request.max_output_tokens,
            "temperature": request.temperature,
            "params": dict(request.params),
            **({"fresh": request.fresh} if request.fresh else {}),
        }
    )
