from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tg_parser.llm.extraction import (
    EXTRACTION_SCHEMA,
    RULES_OUTPUT,
    DateMention,
    EntityMention,
    Extraction,
    KeyPoint,
)

RULES = dict(RULES_OUTPUT.schema)
FULL = Extraction(
    text_clean="Ставка выросла до 21 %.",
    title="Ставка выросла",
    summary=None,
    key_points=(KeyPoint(text="Ставка — 21 %", quote="до 21 %"),),
    topics=("ставка",),
    entities=(EntityMention(type="percent", value="21 %", confidence=None, quote="21 %"),),
    dates=(DateMention(value="2026-03-01", quote="1 марта"),),
    language="ru",
    kind="news",
    is_ad=False,
)


def _objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if schema["type"] == "object":
        yield schema
        for part in schema["properties"].values():
            yield from _objects(part)
    elif schema["type"] == "array":
        yield from _objects(schema["items"])


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(EXTRACTION_SCHEMA)
    Draft202012Validator.check_schema(RULES)


def test_every_object_requires_all_its_fields_and_allows_no_others() -> None:
    objects = [*_objects(EXTRACTION_SCHEMA), *_objects(RULES)]
    assert len(objects) == 8
    for schema in objects:
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("model", "place"),
    [(Extraction, 0), (KeyPoint, 1), (EntityMention, 2), (DateMention, 3)],
    ids=["extraction", "key point", "entity", "date"],
)
def test_schema_and_model_name_the_same_fields(model: type[Any], place: int) -> None:
    assert list(model.model_fields) == list(list(_objects(RULES))[place]["properties"])


def test_schema_and_model_agree_on_an_example_and_its_json() -> None:
    data = FULL.model_dump(mode="json")
    Draft202012Validator(RULES).validate(data)
    assert Extraction.model_validate(data) == FULL


def test_a_model_is_not_asked_for_the_text_it_was_given() -> None:
    assert "text_clean" not in EXTRACTION_SCHEMA["properties"]
    assert set(RULES["properties"]) - set(EXTRACTION_SCHEMA["properties"]) == {"text_clean"}


@pytest.mark.parametrize("field", sorted(Extraction.model_fields.keys() - {"text_clean", "dates"}))
def test_schema_and_model_both_refuse_a_missing_field(field: str) -> None:
    data = FULL.model_dump(mode="json")
    del data[field]
    assert not Draft202012Validator(EXTRACTION_SCHEMA).is_valid(data)
    with pytest.raises(ValueError, match=field):
        Extraction.model_validate(data)
