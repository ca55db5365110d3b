"""What the processor needs from outside."""

from __future__ import annotations

from typing import Protocol

from tg_parser.contracts.jobs import ModelChoice
from tg_parser.llm.port import LanguageModel


class Models(Protocol):
    """The models a workflow may choose from."""

    async def chosen(self, choice: ModelChoice) -> LanguageModel:
        """The model of `choice`, opened once and kept. Raises PermanentError if it is not configured."""
        ...


class Erasures(Protocol):
    """Which messages somebody wants erased."""

    async def erased(self, source_ref: str) -> bool:
        """Whether it is one of them, as far as the log tells now. Waits until all that was asked before the start is known."""
        ...
