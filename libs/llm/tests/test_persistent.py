from __future__ import annotations

from collections.abc import Callable

import pytest
from scripted import Clock, ScriptedModel, always, in_order, paid

from tg_parser.llm import errors
from tg_parser.llm.errors import ModelError, Spent
from tg_parser.llm.fallback import FallbackModel
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.persistent import PersistentModel
from tg_parser.llm.port import Repair, StructuredRequest, Usage
from tg_parser.llm.retry_policy import Effort, RetryRules, next_step, wait_before

Ask = Callable[..., StructuredRequest]
RULES = RetryRules(again=3, most_output_tokens=8192, patience_s=100)


def persistent(inner: ScriptedModel, clock: Clock | None = None) -> PersistentModel:
    clock = clock or Clock()
    return PersistentModel(inner, RULES, clock=clock, sleep=clock.sleep, chance=lambda: 0.0)


@pytest.mark.parametrize(
    ("error", "steps"),
    [
        (errors.TransportError("x"), ["again", "again", "again", "give_up"]),
        (errors.OverloadedError("x"), ["again", "again", "again", "give_up"]),
        (errors.ThrottledError("x"), ["again"] * 4),
        (errors.TruncatedError("x"), ["grow"] * 4),
        (errors.RefusedError("x"), ["give_up"] * 4),
        (errors.TooLongError("x"), ["give_up"] * 4),
        (errors.InvalidRequestError("x"), ["give_up"] * 4),
        (errors.AuthFailedError("x"), ["give_up"] * 4),
        (errors.UnknownModelError("x"), ["give_up"] * 4),
        (errors.ModelUnavailableError("x", retry_after=1), ["give_up"] * 4),
        (errors.BudgetExceededError("x"), ["give_up"] * 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ModelError) else "",
)
def test_each_class_of_errors_has_its_own_way(error: ModelError, steps: list[str]) -> None:
    assert [next_step(error, Effort(faults=faults), 512, RULES) for faults in range(4)] == steps


def test_an_answer_of_the_wrong_shape_has_one_repair_turn() -> None:
    error = errors.InvalidOutputError("x")
    assert [next_step(error, Effort(repairs=repairs), 512, RULES) for repairs in range(2)] == ["repair", "give_up"]


def test_a_budget_is_doubled_up_to_its_ceiling_and_never_repeated() -> None:
    error = errors.TruncatedError("x")
    assert [next_step(error, Effort(), tokens, RULES) for tokens in (4096, 4097)] == ["grow", "give_up"]


def test_nothing_is_repeated_when_patience_is_over() -> None:
    assert next_step(errors.ThrottledError("x"), Effort(waited_s=100), 512, RULES) == "give_up"


def test_waits_double_and_are_spread() -> None:
    waits = [wait_before(errors.TransportError("x"), Effort(faults=n), RetryRules(), 0.0) for n in range(8)]
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert wait_before(errors.TransportError("x"), Effort(), RetryRules(), 0.999) < 0.5
    assert wait_before(errors.ThrottledError("x"), Effort(faults=5), RetryRules(), 0.5) == 0


async def test_a_lost_call_is_made_again_after_a_while(ask: Ask) -> None:
    clock, inner = Clock(), ScriptedModel(in_order(errors.TransportError("x"), errors.OverloadedError("y")))
    await persistent(inner, clock).complete(ask())
    assert len(inner.requests) == 3
    assert clock.slept == [0.25, 0.5]


async def test_a_model_that_stays_away_is_given_up(ask: Ask) -> None:
    inner = ScriptedModel(always(errors.TransportError("gone")))
    with pytest.raises(errors.TransportError):
        await persistent(inner).complete(ask())
    assert len(inner.requests) == 1 + RULES.again


async def test_an_answer_of_the_wrong_shape_is_sent_back_once_with_what_is_wrong_with_it(ask: Ask) -> None:
    wrong = errors.InvalidOutputError("x", answer='{"a": 1}', problem="it breaks the rule `required`")
    inner = ScriptedModel(in_order(wrong, wrong))
    with pytest.raises(errors.InvalidOutputError):
        await persistent(inner).complete(ask())
    assert [request.repair for request in inner.requests] == [
        None,
        Repair('{"a": 1}', "it breaks the rule `required`"),
    ]


async def test_a_truncated_answer_is_asked_for_again_with_more_room_and_never_with_the_same(ask: Ask) -> None:
    inner = ScriptedModel(always(errors.TruncatedError("x")))
    with pytest.raises(errors.TruncatedError):
        await persistent(inner).complete(ask(max_output_tokens=2000))
    assert [request.max_output_tokens for request in inner.requests] == [2000, 4000, 8000]


async def test_a_throttled_call_nobody_has_patience_for_is_to_be_made_later(ask: Ask) -> None:
    clock = Clock()
    inner = ScriptedModel(always(errors.ThrottledError("slow", retry_after=17)))

    async def slow(seconds: float) -> None:
        await clock.sleep(seconds + 30)

    model = PersistentModel(inner, RULES, clock=clock, sleep=slow, chance=lambda: 0.0)
    with pytest.raises(errors.ModelUnavailableError) as caught:
        await model.complete(ask())
    assert caught.value.retry_after == 17
    assert not caught.value.needs_person


async def test_what_failed_attempts_used_is_told_with_the_answer(ask: Ask) -> None:
    answer = paid(await InstantModel().complete(ask()), tokens=10, cost=7)
    wrong = errors.InvalidOutputError("x", answer="{", spent=Spent(Usage(input_uncached=5, output=2), 3))
    result = await persistent(ScriptedModel(in_order(wrong, answer))).complete(ask())
    assert (result.usage, result.cost_micros) == (Usage(input_uncached=15, output=2), 10)
    unknown = errors.InvalidOutputError("x", answer="{", spent=Spent(Usage(input_uncached=5), None))
    assert (await persistent(ScriptedModel(in_order(unknown, answer))).complete(ask())).cost_micros is None


CANNOT = [
    errors.InvalidOutputError("x"),
    errors.TruncatedError("x"),
    errors.TooLongError("x"),
    errors.InvalidRequestError("x"),
]


@pytest.mark.parametrize("error", CANNOT, ids=lambda error: type(error).__name__)
async def test_what_the_first_model_cannot_do_the_second_one_does(ask: Ask, error: ModelError) -> None:
    second = InstantModel("second")
    model = FallbackModel(ScriptedModel(always(error)), second)
    result = await model.complete(ask(model="special", params={"seed": 1}))
    assert (result.model, model.model) == ("second", "scripted")


WAITED_FOR = [
    errors.RefusedError("x"),
    errors.TransportError("x"),
    errors.ModelUnavailableError("x", retry_after=1),
    errors.BudgetExceededError("x"),
]


@pytest.mark.parametrize("error", WAITED_FOR, ids=lambda error: type(error).__name__)
async def test_a_model_that_is_down_or_refuses_is_not_replaced(ask: Ask, error: ModelError) -> None:
    second = InstantModel("second")
    with pytest.raises(type(error)):
        await FallbackModel(ScriptedModel(always(error)), second).complete(ask())
    assert second.calls == 0
