"""Models, opened when the first workflow wants them and kept until the processor stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import ValidationError

from tg_parser.chassis.errors import PermanentError
from tg_parser.contracts.jobs import ModelChoice
from tg_parser.llm.cached import AnswerCache
from tg_parser.llm.catalogue import open_model
from tg_parser.llm.port import LanguageModel
from tg_parser.processor.settings import LlmSettings


class OpenedModels:
    """`Models` over the catalogue of `tg_parser.llm`."""

    def __init__(self, settings: LlmSettings, cache: AnswerCache, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._cache = cache
        self._stack = stack
        self._open: dict[ModelChoice, LanguageModel] = {}
        self._opening = asyncio.Lock()

    async def chosen(self, choice: ModelChoice) -> LanguageModel:
        """See the port."""
        model = self._open.get(choice)
        if model is not None:
            return model
        async with self._opening:
            if choice not in self._open:
                self._open[choice] = await self._opened(choice)
        return self._open[choice]

    async def _opened(self, choice: ModelChoice) -> LanguageModel:
        try:
            settings = self._settings.for_choice(choice.provider, choice.model)
        except ValidationError as invalid:
            raise PermanentError(f"The model is not configured: {invalid.errors()[0]['msg']}") from invalid
        return await self._stack.enter_async_context(open_model(settings, self._cache))


@asynccontextmanager
async def open_models(settings: LlmSettings, cache: AnswerCache) -> AsyncIterator[OpenedModels]:
    """The models a workflow may choose, closed at the end."""
    async with AsyncExitStack() as stack:
        yield OpenedModels(settings, cache, stack)
