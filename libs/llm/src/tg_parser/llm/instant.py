"""A model that answers at once: for benchmarks of everything around it, and for tests that count calls."""

from __future__ import annotations

from tg_parser.llm.extraction import Extraction
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage, model_asked


class InstantModel:
    """Answers with the post's first line as title and summary, and counts how often it was asked.

    It knows the extraction's schemas only. Tokens are counted as a quarter of the characters and cost nothing.

    Attributes:
        calls: how many calls were begun.
    """

    def __init__(self, model: str = "instant/first-line-1") -> None:
        self._model = model
        self.calls = 0

    @property
    def provider(self) -> str:
        """Always `instant`."""
        return "instant"

    @property
    def model(self) -> str:
        """The name it was given."""
        return self._model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer at once."""
        self.calls += 1
        output = _first_line(request.document).model_dump(mode="json")
        if "text_clean" not in request.output.schema["properties"]:
            del output["text_clean"]
        return StructuredResult(
            output=output,
            model=model_asked(request, self),
            provider=self.provider,
            usage=Usage(input_uncached=len(request.document) // 4, output=16),
            cost_micros=0,
        )

    async def aclose(self) -> None:
        """There is nothing to close."""


def _first_line(document: str) -> Extraction:
    text = document.strip()
    line = text.partition("\n")[0][:90].rstrip() or None
    return Extraction(
        text_clean=text,
        title=line,
        summary=line,
        key_points=(),
        topics=(),
        entities=(),
        language="und",
        kind="other",
        is_ad=False,
    )
