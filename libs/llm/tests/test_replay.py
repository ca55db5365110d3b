from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tg_parser.llm.catalogue import open_model
from tg_parser.llm.errors import InvalidRequestError
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.model_settings import ModelSettings
from tg_parser.llm.port import Account, Prompt, StructuredRequest, Usage
from tg_parser.llm.providers.replay import open_recording
from tg_parser.llm.recording import RecordingModel, read_recording

Ask = Callable[..., StructuredRequest]


async def test_what_was_recorded_is_answered_again_for_nothing_and_nothing_else_is(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "answers.ndjson"
    recorded = await RecordingModel(InstantModel(), file).complete(ask("Мост открыт"))
    async with open_model(ModelSettings(provider="replay", replay=file)) as model:
        again = await model.complete(ask("Мост открыт", account=Account("another workflow")))
        with pytest.raises(InvalidRequestError, match="no answer to this question"):
            await model.complete(ask("Мост закрыт"))
        with pytest.raises(InvalidRequestError):
            await model.complete(ask("Мост открыт", prompt=Prompt("extract-post", "1.0.0", "Other words.")))
    assert (again.output, again.model) == (recorded.output, recorded.model)
    assert (again.provider, again.usage, again.cost_micros) == ("replay", Usage(), 0)


async def test_a_recording_made_by_settings_holds_neither_post_nor_prompt(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "answers.ndjson"
    async with open_model(ModelSettings(provider="instant", record=file)) as model:
        await model.complete(ask("SECRET post\nand more of it", prompt=Prompt("x", "1", "SECRET prompt")))
    assert "and more" not in file.read_text("utf-8")
    assert "SECRET prompt" not in file.read_text("utf-8")


async def test_recordings_are_models_of_their_own(ask: Ask, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    await RecordingModel(InstantModel(), one).complete(ask("one"))
    await RecordingModel(InstantModel(), two).complete(ask("two"))
    assert open_recording(one).model != open_recording(two).model


@pytest.mark.parametrize("text", ["{", "[]", '{"question": "x"}'])
def test_a_file_that_is_no_recording_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "answers.ndjson"
    file.write_text(f"\n{text}\n")
    with pytest.raises(ValueError, match="Line 2 of the recording"):
        read_recording(file)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_recording(tmp_path / "nowhere")
