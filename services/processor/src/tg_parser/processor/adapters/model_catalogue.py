"""Models, opened when the first workflow wants them and kept until the processor stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import ValidationError

from tg_parser.chassis.errors import PermanentError
from tg_parser.chassis.telemetry import Telemetry
from tg_parser.contracts.jobs import ModelChoice
from tg_parser.llm.accounts import Accounts
from tg_parser.llm.cached import AnswerCache
from tg_parser.llm.catalogue import open_model
from tg_parser.llm.model_settings import ModelSettings
from tg_parser.llm.port import LanguageModel
from tg_parser.processor.settings import LlmSettings


class OpenedModels:
    """`Models` over the catalogue of `tg_parser.llm`."""

    def __init__(
        self,
        settings: LlmSettings,
        cache: AnswerCache,
        accounts: Accounts | None,
        telemetry: Telemetry | None,
        stack: AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._accounts = accounts
        self._tracer = telemetry.tracer if telemetry else None
        self._stack = stack
        self._chosen: dict[ModelChoice, LanguageModel] = {}
        self._open: dict[ModelSettings, LanguageModel] = {}
        self._opening = asyncio.Lock()

    async def chosen(self, choice: ModelChoice) -> LanguageModel:
        """See the port."""
        model = self._chosen.get(choice)
        if model is not None:
            return model
        async with self._opening:
            if choice not in self._chosen:
                self._chosen[choice] = await self._opened(choice)
        return self._chosen[choice]

    async def _opened(self, choice: ModelChoice) -> LanguageModel:
        """Two choices that come to the same model share it, and with it its limits."""
        try:
            settings = self._settings.for_choice(choice.provider, choice.model)
            if settings not in self._open:
                opening = open_model(settings, self._cache, self._accounts, self._tracer)
                self._open[settings] = await self._stack.enter_async_context(opening)
        except ValidationError as invalid:
            raise PermanentError(f"The model is not configured: {invalid.errors()[0]['msg']}") from invalid
        except ValueError as invalid:
            raise PermanentError(f"The model is not configured: {invalid}") from invalid
        return self._open[settings]


@asynccontextmanager
async def open_models(
    settings: LlmSettings, cache: AnswerCache, accounts: Accounts | None = None, telemetry: Telemetry | None = None
) -> AsyncIterator[OpenedModels]:
    """The models a workflow may choose, closed at the end."""
    async with AsyncExitStack() as stack:
        yield OpenedModels(settings, cache, accounts, telemetry, stack)
