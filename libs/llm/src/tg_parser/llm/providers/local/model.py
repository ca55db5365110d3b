"""The local provider as a model: extraction in a pool of processes, off the event loop, at no cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, Executor
from typing import Any

from tg_parser.llm.errors import TransportError, UnknownModelError
from tg_parser.llm.extraction import EXTRACTION_OUTPUT, RULES_OUTPUT
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked

LOCAL_MODEL = "local/extractive-2"
"""Its number is raised whenever the same post may give another extraction: it is a part of every cache key."""


class LocalModel:
    """Runs `extract` in `executor`, which stays its owner's.

    It answers one question, the extraction, and reads no prompt.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def provider(self) -> str:
        """Always `local`."""
        return "local"

    @property
    def model(self) -> str:
        """Always `LOCAL_MODEL`."""
        return LOCAL_MODEL

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`. No tokens are counted: none are used."""
        _must_be_ours(request, model_asked(request, self))
        loop = asyncio.get_running_loop()
        try:
            output, seconds = await loop.run_in_executor(self._executor, run, request.document, dict(request.hints))
        except BrokenExecutor as error:
            raise TransportError("The local model's worker process ended before it answered.") from error
        if "text_clean" not in request.output.schema["properties"]:
            del output["text_clean"]
        return StructuredResult(
            output=output,
            model=LOCAL_MODEL,
            provider=self.provider,
            usage=Usage(),
            cost_micros=0,
            latency_ms=seconds * 1000,
        )

    async def aclose(self) -> None:
        """There is nothing of its own to close."""


def run(document: str, hints: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """The extraction of `document` as JSON, and the seconds it took. What the worker processes execute."""
    from tg_parser.llm.providers.local.extract import extract  # noqa: PLC0415 - numpy and tables load in workers alone

    began = time.perf_counter()
    output = extract(document, hints).model_dump(mode="json")
    return output, time.perf_counter() - began


def warm_up() -> None:
    """Load tables and models, so that a worker's first post is as fast as the next. For the executor's initializer."""
    run("Прогрев. Warm-up: the first sentence of a text that is long enough.", {})


def _must_be_ours(request: StructuredRequest, model: str) -> None:
    if model != LOCAL_MODEL:
        raise UnknownModelError(f"The local provider has the model {LOCAL_MODEL!r} only, not {model!r}.")
    if request.output is not RULES_OUTPUT and request.output.schema != EXTRACTION_OUTPUT.schema:
        raise UnknownModelError(
            f"Model {LOCAL_MODEL!r} answers the schema 'extraction' only, not {request.output.name!r}."
        )
