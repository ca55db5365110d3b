from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr, ValidationError

from tg_parser.llm.catalogue import open_model
from tg_parser.llm.errors import UnknownModelError
from tg_parser.llm.extraction import Extraction
from tg_parser.llm.memory_cache import MemoryAnswerCache
from tg_parser.llm.model_settings import ModelSettings
from tg_parser.llm.port import OutputSchema, StructuredRequest

Ask = Callable[..., StructuredRequest]


async def test_the_local_model_answers_from_its_own_processes(ask: Ask) -> None:
    async with open_model(ModelSettings(workers=1)) as model:
        result = await model.complete(ask("Банк России повысил ключевую ставку до 21%. Рынок ждал меньшего роста."))
        assert (result.provider, result.model, result.cost_micros) == ("local", "local/extractive-2", 0)
        assert Extraction.model_validate(result.output).language == "ru"
        with pytest.raises(UnknownModelError, match="'gpt-9'"):
            await model.complete(ask(model="gpt-9"))
        with pytest.raises(UnknownModelError, match="'weather'"):
            await model.complete(ask(output=OutputSchema("weather", {"type": "object"})))


async def test_a_cache_put_before_a_model_outlives_it(ask: Ask) -> None:
    cache, settings = MemoryAnswerCache(), ModelSettings(provider="instant", model="i-1")
    async with open_model(settings, cache) as model:
        assert not (await model.complete(ask())).cached
    async with open_model(settings, cache) as model:
        assert (await model.complete(ask())).cached


async def test_opening_a_remote_model_connects_to_nothing() -> None:
    settings = ModelSettings(provider="openai", model="m-1", base_url="http://127.0.0.1:9/v1")
    async with open_model(settings) as model:
        assert (model.provider, model.model) == ("openai", "m-1")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"provider": "openai", "api_key": "k"}, "name of a model"), ({"provider": "openai", "model": "m"}, "an api_key")],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ModelSettings.model_validate(settings)


def test_a_key_is_not_shown() -> None:
    assert "sk-1" not in repr(ModelSettings(provider="openai", model="m", api_key=SecretStr("sk-1")))
