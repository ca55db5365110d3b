from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted import ScriptedModel, always, in_order

from tg_parser.llm.checked import CheckedModel
from tg_parser.llm.errors import InvalidOutputError
from tg_parser.llm.packing import packed
from tg_parser.llm.persistent import PersistentModel
from tg_parser.llm.port import StructuredRequest, StructuredResult, Usage
from tg_parser.llm.retry_policy import RetryRules
from tg_parser.llm.soundness import problem_of
from tg_parser.llm.text_clean import text_clean

Ask = Callable[..., StructuredRequest]
RUSSIAN = "Мост через реку открыли после ремонта, движение восстановлено."
ENGLISH = "The bridge over the river is open again after the repairs."


def said(title: str | None, summary: str | None) -> dict[str, Any]:
    return {"title": title, "summary": summary}


@pytest.mark.parametrize(
    ("document", "answer", "problem"),
    [
        (RUSSIAN, said("Мост открыт", "Движение по мосту восстановлено."), None),
        (RUSSIAN, said("The bridge is open", "Traffic over the bridge is restored."), "not in the language"),
        (ENGLISH, said("Мост открыт", "Движение по мосту восстановлено."), "not in the language"),
        (ENGLISH, said("The bridge is open", "Traffic is restored."), None),
        (RUSSIAN, said("iPhone 17 Pro Max", "Apple: iPhone 17 Pro Max"), "not in the language"),
        (RUSSIAN, said(None, "Движение по мосту восстановлено."), "may be null only"),
        (RUSSIAN, said("Мост открыт", " "), "may be null only"),
        (RUSSIAN, said("Message 955", "Движение по мосту восстановлено."), "a number or a date alone"),
        (RUSSIAN, said("Сообщение №17", "Движение по мосту восстановлено."), "a number or a date alone"),
        (RUSSIAN, said("03.03.2026", "Движение по мосту восстановлено."), "a number or a date alone"),
        (RUSSIAN, said("План на 2026 год", "Движение по мосту восстановлено."), None),
        ("12:30", said(None, None), None),
        ("", said(None, None), None),
    ],
)
def test_what_makes_no_sense_is_named(document: str, answer: dict[str, Any], problem: str | None) -> None:
    found = problem_of(answer, document)
    assert found is None if problem is None else problem in (found or "")


def result(output: dict[str, Any]) -> StructuredResult:
    return StructuredResult(output=output, model="m", provider="p", usage=Usage(output=5), cost_micros=3)


async def test_an_answer_in_another_language_is_sent_back_with_what_is_wrong_with_it(ask: Ask) -> None:
    wrong, right = (
        said("The bridge is open", "Traffic is restored on the bridge."),
        said("Мост открыт", "Движение есть."),
    )
    inner = ScriptedModel(in_order(result(wrong), result(right)))
    answer = await PersistentModel(CheckedModel(inner), RetryRules()).complete(ask(RUSSIAN))
    assert answer.output == right
    assert (answer.usage.output, answer.cost_micros) == (10, 6)
    repair = inner.requests[1].repair
    assert repair is not None
    assert "language of the post" in repair.problem
    assert "The bridge is open" in repair.answer


async def test_an_answer_that_stays_senseless_is_invalid_output(ask: Ask) -> None:
    inner = ScriptedModel(always(result(said(None, None))))
    with pytest.raises(InvalidOutputError, match="may be null only"):
        await PersistentModel(CheckedModel(inner), RetryRules()).complete(ask(RUSSIAN))
    assert len(inner.requests) == 2


async def test_in_a_pack_only_what_makes_sense_is_kept(ask: Ask) -> None:
    items = [{"id": "p1", **said("Мост открыт", "Движение есть.")}, {"id": "p2", **said("Message 2", "Движение есть.")}]
    inner = ScriptedModel(always(result({"posts": items})))
    request = packed([ask(RUSSIAN), ask(RUSSIAN)], 8192)
    assert [item["id"] for item in (await CheckedModel(inner).complete(request)).output["posts"]] == ["p1"]


def test_a_repost_that_differs_in_nothing_a_reader_sees_is_the_same_text() -> None:
    first = "Мост открыт\u200b после  ремонта.\n\n\n\nПроезд бесплатный.\n\nПодписаться на «Городские новости»"
    second = "Мост открыт после ремонта.\n\nПроезд бесплатный. \n@other_channel"
    assert text_clean(first, "Городские новости") == text_clean(second, "Другой канал")
    assert text_clean(first, "") != text_clean("Мост открыт после ремонта.\n\nПроезд платный.", "")
