from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tg_parser.llm.extraction import EXTRACTION_OUTPUT
from tg_parser.llm.port import Prompt, StructuredRequest

PROMPT = Prompt(id="extract-post", version="1.0.0", text="Describe the post.")


def _ask(document: str = "Станция закрыта.", **changes: Any) -> StructuredRequest:
    plain = StructuredRequest(prompt=PROMPT, document=document, output=EXTRACTION_OUTPUT)
    return replace(plain, **changes)


@pytest.fixture(scope="session")
def ask() -> Callable[..., StructuredRequest]:
    """Builds a request for an extraction; keywords replace its parts."""
    return _ask
