from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.llm.cache_key import cache_key
from tg_parser.llm.canonical import canonical_json
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.port import OutputSchema, Prompt, StructuredRequest

Ask = Callable[..., StructuredRequest]
MODEL = InstantModel("m-1")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_the_key_of_a_known_question_never_changes() -> None:
    """A changed digest orphans every answer already paid for: change KEY_VERSION knowingly instead."""
    request = StructuredRequest(
        prompt=Prompt(id="p", version="1", text="Describe."),
        document="Ключевая ставка — 21 %",
        output=OutputSchema("x", {"type": "object"}),
        hints={"channel_title": "Банк"},
        params={"seed": 1},
    )
    assert cache_key(request, MODEL) == "4d81d74fee28dfb46456a1183f046bba82e09bc6159f1db467893c4cec234060"


def test_the_prompts_version_and_the_order_of_hints_do_not_matter(ask: Ask) -> None:
    one = ask(hints={"a": 1, "b": 2}, prompt=Prompt("p", "1", "Same."))
    other = ask(hints={"b": 2, "a": 1}, prompt=Prompt("p", "2", "Same."))
    assert cache_key(one, MODEL) == cache_key(other, MODEL)


@pytest.mark.parametrize(
    "change",
    [
        {"document": "Станция открыта."},
        {"document": "Станция закрыта. "},
        {"hints": {"media": ["photo"]}},
        {"prompt": Prompt("extract-post", "1.0.0", "Describe the post!")},
        {"output": OutputSchema("extraction", {"type": "object"})},
        {"model": "m-2"},
        {"max_output_tokens": 100},
        {"temperature": 0.0},
        {"params": {"seed": 1}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_the_answer_may_depend_on_changes_the_key(ask: Ask, change: dict[str, object]) -> None:
    assert cache_key(ask(), MODEL) != cache_key(ask(**change), MODEL)


def test_another_model_has_another_key(ask: Ask) -> None:
    assert cache_key(ask(), MODEL) != cache_key(ask(), InstantModel("m-2"))


def test_a_request_that_names_the_models_own_name_asks_the_same(ask: Ask) -> None:
    assert cache_key(ask(model="m-1"), MODEL) == cache_key(ask(), MODEL)


def test_a_lone_surrogate_has_a_key(ask: Ask) -> None:
    assert cache_key(ask("\ud83d"), MODEL) != cache_key(ask("\ud83e"), MODEL)


@given(JSON, JSON)
def test_canonical_json_is_equal_only_for_equal_values(one: object, other: object) -> None:
    def typed(value: object) -> object:  # in Python True == 1, in JSON they differ
        match value:
            case dict():
                return {key: typed(inner) for key, inner in value.items()}
            case list():
                return [typed(inner) for inner in value]
            case _:
                return (type(value), value)

    assert (canonical_json(one) == canonical_json(other)) == (typed(one) == typed(other))
