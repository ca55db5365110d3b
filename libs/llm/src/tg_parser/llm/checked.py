"""A model whose answers must make sense for the post they are about, not only fit the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tg_parser.llm.errors import InvalidOutputError, Spent
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult
from tg_parser.llm.soundness import problem_of


class CheckedModel:
    """`inner`, its answers checked. An unsound one about a single post is invalid output; in a pack it is left out.

    Answers of other schemas than the extraction's are passed on as they are.
    """

    def __init__(self, inner: LanguageModel) -> None:
        self._inner = inner

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        result = await self._inner.complete(request)
        if request.output.name == "extraction":
            return self._single(request, result)
        if request.output.name == "extractions":
            return _sound_items(request, result)
        return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()

    def _single(self, request: StructuredRequest, result: StructuredResult) -> StructuredResult:
        problem = problem_of(result.output, request.document)
        if problem is None:
            return result
        raise InvalidOutputError(
            f"Model {self.model!r} of {self.provider} gave an answer that makes no sense: {problem}.",
            answer=json.dumps(result.output, ensure_ascii=False),
            problem=problem,
            spent=Spent(result.usage, result.cost_micros, result.model, result.request_id),
        )


def _sound_items(request: StructuredRequest, result: StructuredResult) -> StructuredResult:
    documents = {post.id: post.document for post in request.posts}
    items = [item for item in result.output["posts"] if _is_sound(item, documents)]
    return result.model_copy(update={"output": {"posts": items}})


def _is_sound(item: Mapping[str, Any], documents: Mapping[str, str]) -> bool:
    return problem_of(item, documents.get(str(item["id"]), "")) is None
