"""Answers from a recording: the same as were once paid for, and no others. For tests, and for doing history again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tg_parser.llm.canonical import digest
from tg_parser.llm.errors import InvalidRequestError
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage
from tg_parser.llm.recording import question_of, read_recording


class ReplayModel:
    """Gives recorded answers at once and for nothing. A question that is not in the recording is an invalid request."""

    def __init__(self, answers: Mapping[str, StructuredResult]) -> None:
        self._answers = answers
        self._model = f"replay/{digest(sorted(answers))[:12]}"

    @property
    def provider(self) -> str:
        """Always `replay`."""
        return "replay"

    @property
    def model(self) -> str:
        """`replay/` and a digest of the questions it can answer."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` as it was answered; see `LanguageModel.complete`."""
        recorded = self._answers.get(question_of(request))
        if recorded is None:
            raise InvalidRequestError(f"Model {self._model!r} has no answer to this question in its recording.")
        return recorded.model_copy(
            update={"provider": self.provider, "usage": Usage(), "cost_micros": 0, "latency_ms": 0.0}
        )

    async def aclose(self) -> None:
        """There is nothing to close."""


def open_recording(path: Path) -> ReplayModel:
    """The model of the recording `path`. Raises ValueError with a sentence if it cannot be read."""
    return ReplayModel(read_recording(path))
