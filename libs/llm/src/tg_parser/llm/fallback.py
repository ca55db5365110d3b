"""A second model for what the first one cannot do with a post; never for a first one that is down or too dear."""

from __future__ import annotations

from dataclasses import replace

from tg_parser.llm.errors import InvalidOutputError, InvalidRequestError, TooLongError, TruncatedError
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult

CANNOT = (InvalidOutputError, TruncatedError, TooLongError, InvalidRequestError)


class FallbackModel:
    """`first`, and `second` where `first` gives no usable answer. It goes by the first one's name.

    A refusal is an answer. A model that is throttled, down or out of budget is waited for: otherwise an outage would
    decide which model described a post.
    """

    def __init__(self, first: LanguageModel, second: LanguageModel) -> None:
        self._first = first
        self._second = second

    @property
    def provider(self) -> str:
        """The first model's provider."""
        return self._first.provider

    @property
    def model(self) -> str:
        """The first model's name."""
        return self._first.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`. The result names the model that answered."""
        try:
            return await self._first.complete(request)
        except CANNOT:
            return await self._second.complete(replace(request, model=None, params={}))

    async def aclose(self) -> None:
        """Close both."""
        try:
            await self._first.aclose()
        finally:
            await self._second.aclose()
