"""Answers written down as they come, to be given again by the `replay` provider without asking anybody.

One JSON object a line: the question's digest and the result. What was asked is not in it, what was answered is.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tg_parser.llm.canonical import digest
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult


class Recorded(BaseModel):
    """One line of a recording."""

    question: str
    result: StructuredResult


def question_of(request: StructuredRequest) -> str:
    """The digest of what was asked, whoever was asked: the post, what is known of it, the prompt and the schema."""
    return digest(
        {
            "document": request.document,
            "hints": dict(request.hints),
            "posts": [[post.id, post.document, dict(post.hints)] for post in request.posts],
            "prompt": request.prompt.sha256,
            "schema": [request.output.name, request.output.sha256],
        }
    )


def read_recording(path: Path) -> dict[str, StructuredResult]:
    """The results of a recording, by question; the last of two about the same one.

    Raises:
        ValueError: the file cannot be read, or a line is none of a recording; the message is a sentence.
    """
    found: dict[str, StructuredResult] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    recorded = _line(path, number, line)
                    found[recorded.question] = recorded.result
    except OSError as error:
        raise ValueError(f"The recording {path} cannot be read: {error.strerror}.") from error
    return found


def _line(path: Path, number: int, line: str) -> Recorded:
    try:
        return Recorded.model_validate(json.loads(line))
    except (ValidationError, ValueError) as error:
        raise ValueError(f"Line {number} of the recording {path} is none of a recording.") from error


class RecordingModel:
    """`inner`, its answers appended to the file `path`, each before it is told."""

    def __init__(self, inner: LanguageModel, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._writing = asyncio.Lock()

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request` and write the answer down; see `LanguageModel.complete`."""
        result = await self._inner.complete(request)
        line = Recorded(question=question_of(request), result=result).model_dump_json() + "\n"
        async with self._writing:
            await asyncio.to_thread(_append, self._path, line)
        return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
