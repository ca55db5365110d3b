from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from scripted import Clock, ScriptedModel, always, in_order

from tg_parser.llm.breaker import FIRST_REST, IN_A_ROW, CircuitBreaker
from tg_parser.llm.errors import (
    AuthFailedError,
    InvalidOutputError,
    InvalidRequestError,
    ModelError,
    ModelUnavailableError,
    OverloadedError,
    ThrottledError,
    TransportError,
    UnknownModelError,
)
from tg_parser.llm.governed import GovernedModel
from tg_parser.llm.limiter import CallLimiter
from tg_parser.llm.port import Account, StructuredRequest

Ask = Callable[..., StructuredRequest]


def limiter(ceiling: int = 8, patience_s: float = 60.0, clock: Callable[[], float] | None = None) -> CallLimiter:
    return CallLimiter("Model 'm'", ceiling, patience_s=patience_s, clock=clock or Clock(), chance=lambda: 0.0)


async def throttle(limits: CallLimiter, wait: float | None, calls: int = 1) -> None:
    places = [limits.place("w") for _ in range(calls)]
    given = [await place.__aenter__() for place in places]
    for place, each in zip(places, given, strict=True):
        limits.throttled(each, ThrottledError("Slow down.", retry_after=wait))
        await place.__aexit__(None, None, None)


async def test_a_round_of_throttled_calls_halves_the_limit_once() -> None:
    limits = limiter(8)
    await throttle(limits, 0.0, calls=8)
    assert limits.limit == 4


async def test_each_round_of_answers_adds_one_place_up_to_the_ceiling() -> None:
    limits = limiter(8)
    await throttle(limits, 0.0)
    for expected in (5, 6, 7, 8, 8):
        for _ in range(limits.limit + 1):
            async with limits.place("w") as place:
                limits.answered(place)
        assert limits.limit == expected


async def test_the_limit_never_falls_below_one() -> None:
    limits = limiter(4)
    for _ in range(5):
        await throttle(limits, 0.0)
    assert limits.limit == 1


async def test_a_wait_the_provider_asks_for_holds_everybody_back() -> None:
    limits = CallLimiter("Model 'm'", 8, patience_s=5, chance=lambda: 0.0)
    await throttle(limits, 0.15)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def call() -> float:
        async with limits.place("w"):
            return loop.time() - began

    assert min(await asyncio.gather(*(call() for _ in range(6)))) >= 0.14


async def test_without_a_named_wait_each_further_throttling_pauses_longer() -> None:
    clock = Clock()
    limits = limiter(8, clock=clock)
    pauses: list[float] = []
    for _ in range(3):
        await throttle(limits, None)
        pauses.append(limits.frozen_s)
        clock.now += limits.frozen_s
    assert pauses == [1, 2, 4]


async def test_nobody_waits_longer_than_there_is_patience() -> None:
    limits = limiter(1, patience_s=10)
    async with limits.place("w") as place:
        waiting = asyncio.create_task(limits.place("w").__aenter__())
        await asyncio.sleep(0)
        limits.throttled(place, ThrottledError("Slow down.", retry_after=600))
        with pytest.raises(ModelUnavailableError, match="left alone for 600 s") as caught:
            await waiting
    assert caught.value.retry_after == pytest.approx(600)
    with pytest.raises(ModelUnavailableError):
        await limits.place("w").__aenter__()


async def test_two_workflows_get_their_turns_alternately_however_many_one_of_them_asks_for() -> None:
    limits = limiter(1)
    served: list[str] = []

    async def call(workflow: str) -> None:
        async with limits.place(workflow):
            served.append(workflow)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(call("large"))
        await asyncio.sleep(0)
        for _ in range(5):
            group.create_task(call("small"))
    last_small = max(at for at, name in enumerate(served) if name == "small")
    assert Counter(served) == {"large": 50, "small": 5}
    assert last_small <= 12


async def test_a_place_given_up_while_waiting_goes_to_the_next() -> None:
    limits = limiter(1)
    async with limits.place("w"):
        first = asyncio.create_task(limits.place("w").__aenter__())
        second = asyncio.create_task(limits.place("w").__aenter__())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    await asyncio.wait_for(second, 1)


def broken(breaker: CircuitBreaker, error: ModelError, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ModelError), breaker.attempt():
            raise error


@pytest.mark.parametrize("error", [TransportError("gone"), OverloadedError("down"), InvalidRequestError("what")])
def test_failures_in_a_row_open_the_breaker_and_an_answer_between_them_does_not(error: ModelError) -> None:
    breaker = CircuitBreaker("Model 'm'", clock=Clock())
    broken(breaker, error, IN_A_ROW - 1)
    with breaker.attempt():
        pass
    broken(breaker, error, IN_A_ROW - 1)
    assert not breaker.is_open
    broken(breaker, error)
    with pytest.raises(ModelUnavailableError, match=str(error)) as caught:
        breaker.check()
    assert caught.value.retry_after == FIRST_REST
    assert caught.value.needs_person == isinstance(error, InvalidRequestError)


@pytest.mark.parametrize("error", [AuthFailedError("wrong key"), UnknownModelError("no such model")])
def test_a_fault_of_configuration_opens_it_at_once_and_asks_for_a_person(error: ModelError) -> None:
    breaker = CircuitBreaker("Model 'm'", clock=Clock())
    with pytest.raises(ModelUnavailableError, match=str(error)) as caught, breaker.attempt():
        raise error
    assert caught.value.needs_person


@pytest.mark.parametrize("error", [ThrottledError("slow"), InvalidOutputError("garbage")])
def test_a_sign_of_life_never_opens_it(error: ModelError) -> None:
    breaker = CircuitBreaker("Model 'm'", clock=Clock())
    broken(breaker, error, 20)
    assert not breaker.is_open


def test_after_its_rest_one_call_tries_and_decides() -> None:
    clock = Clock()
    breaker = CircuitBreaker("Model 'm'", clock=clock)
    broken(breaker, TransportError("gone"), IN_A_ROW)
    clock.now += FIRST_REST
    with breaker.attempt(), pytest.raises(ModelUnavailableError):
        breaker.check()  # another call, while one is on trial
    assert not breaker.is_open
    breaker.check()


def test_each_trial_that_fails_makes_the_rest_longer() -> None:
    clock = Clock()
    breaker = CircuitBreaker("Model 'm'", clock=clock)
    broken(breaker, TransportError("gone"), IN_A_ROW)
    rests: list[float] = []
    for _ in range(8):
        clock.now += FIRST_REST * 1000
        broken(breaker, TransportError("still gone"))
        with pytest.raises(ModelUnavailableError) as caught:
            breaker.check()
        rests.append(caught.value.retry_after or 0)
    assert rests == [10, 20, 40, 80, 160, 300, 300, 300]


async def test_a_governed_model_stops_asking_after_a_few_of_many_calls_have_failed(ask: Ask) -> None:
    inner = ScriptedModel(always(TransportError("gone")))
    model = GovernedModel(inner, limiter(4), CircuitBreaker("Model 'm'", clock=Clock()))
    outcomes = await asyncio.gather(*(model.complete(ask(f"{n}")) for n in range(100)), return_exceptions=True)
    assert len(inner.requests) <= IN_A_ROW + 4
    assert sum(isinstance(outcome, ModelUnavailableError) for outcome in outcomes) >= 90


async def test_a_wrong_key_is_tried_by_as_many_calls_as_are_under_way_and_no_more(ask: Ask) -> None:
    inner = ScriptedModel(always(AuthFailedError("wrong key")))
    model = GovernedModel(inner, limiter(4), CircuitBreaker("Model 'm'", clock=Clock()))
    outcomes = await asyncio.gather(*(model.complete(ask(f"{n}")) for n in range(100)), return_exceptions=True)
    assert len(inner.requests) <= 4
    assert all(isinstance(outcome, ModelUnavailableError) and outcome.needs_person for outcome in outcomes)


async def test_a_governed_model_serves_workflows_in_turns(ask: Ask) -> None:
    inner = ScriptedModel(in_order())
    model = GovernedModel(inner, limiter(1), CircuitBreaker("Model 'm'"))
    asked = [ask("x", account=Account(name)) for name in ("a", "a", "a", "a", "b", "b")]
    await asyncio.gather(*map(model.complete, asked))
    assert [request.account.workflow_id for request in inner.requests] == ["a", "a", "b", "a", "b", "a"]
