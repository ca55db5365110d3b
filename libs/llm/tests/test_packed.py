from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedModel, always

from tg_parser.llm import errors
from tg_parser.llm.errors import ModelError
from tg_parser.llm.extraction import EXTRACTION_OUTPUT
from tg_parser.llm.packed import PackedModel
from tg_parser.llm.packing import LARGEST_PACK, fits, packed, packed_output, unpacked
from tg_parser.llm.port import Account, Post, Prompt, StructuredRequest, StructuredResult, Usage
from tg_parser.llm.tokens import estimated_tokens
from tg_parser.testkit.described import extraction_of
from tg_parser.testkit.dialects import assert_strict

Ask = Callable[..., StructuredRequest]
FIELDS = EXTRACTION_OUTPUT.schema["properties"]


def about(request: StructuredRequest, leave_out: frozenset[str] = frozenset()) -> StructuredResult:
    """A proper answer, one post or several, but for the posts with these texts."""
    if not request.posts:
        return StructuredResult(output=extraction_of(request.document, FIELDS), model="m", provider="p")
    items = [
        {"id": post.id, **extraction_of(post.document, FIELDS)}
        for post in request.posts
        if post.document not in leave_out
    ]
    usage = Usage(input_uncached=1001, output=len(items) * 50)
    return StructuredResult(output={"posts": items}, model="m", provider="p", usage=usage, cost_micros=100)


def model_of(
    script: Callable[[StructuredRequest, int], ModelError | StructuredResult | None], most: int = 8
) -> tuple[PackedModel, ScriptedModel]:
    inner = ScriptedModel(script)
    return PackedModel(inner, most=most, most_output_tokens=8192, linger_s=0.01), inner


async def titles(model: PackedModel, requests: list[StructuredRequest]) -> list[Any]:
    results = await asyncio.gather(*map(model.complete, requests), return_exceptions=True)
    return [result.output["title"] if isinstance(result, StructuredResult) else result for result in results]


async def test_short_posts_travel_eight_at_a_time_and_each_gets_its_own_answer(ask: Ask) -> None:
    model, inner = model_of(lambda request, _: about(request))
    texts = [f"Post number {number}" for number in range(20)]
    assert await titles(model, [ask(text) for text in texts]) == texts
    assert [len(request.posts) for request in inner.requests] == [8, 8, 4]


async def test_a_single_post_is_asked_about_as_if_there_were_no_packs(ask: Ask) -> None:
    model, inner = model_of(lambda request, _: about(request))
    await model.complete(ask("alone"))
    assert [(request.document, request.posts) for request in inner.requests] == [("alone", ())]


async def test_a_long_post_travels_alone_and_a_pack_is_never_too_long(ask: Ask) -> None:
    long, middle = "слово " * 600, "слово " * 130
    assert not fits(ask(long))
    assert fits(ask(middle))
    model, inner = model_of(lambda request, _: about(request))
    await titles(model, [ask(long), *(ask(f"{middle}{n}") for n in range(16))])
    for request in inner.requests:
        assert sum(estimated_tokens(post.document) for post in request.posts) <= LARGEST_PACK


async def test_posts_of_different_workflows_channels_or_prompts_do_not_meet(ask: Ask) -> None:
    model, inner = model_of(lambda request, _: about(request))
    asked = [
        ask("one", account=Account("w1", "c1")),
        ask("two", account=Account("w1", "c2")),
        ask("three", account=Account("w2", "c1")),
        ask("four", account=Account("w1", "c1"), prompt=Prompt("p", "1", "Other words.")),
        ask("five", account=Account("w1", "c1"), params={"seed": 1}),
    ]
    await titles(model, asked)
    assert [request.posts for request in inner.requests] == [()] * 5


async def test_a_post_the_answer_leaves_out_is_asked_about_alone(ask: Ask) -> None:
    model, inner = model_of(lambda request, _: about(request, frozenset({"second"})))
    assert await titles(model, [ask("first"), ask("second"), ask("third")]) == ["first", "second", "third"]
    assert [len(request.posts) for request in inner.requests] == [3, 0]


async def test_an_item_about_a_post_nobody_asked_about_or_two_about_one_are_not_believed(ask: Ask) -> None:
    def confused(request: StructuredRequest, _: int) -> StructuredResult:
        result = about(request)
        if request.posts:
            items = result.output["posts"]
            items[0]["id"] = "p99"
            items[1]["id"] = items[2]["id"]
        return result

    model, inner = model_of(confused)
    texts = ["first", "second", "third", "fourth"]
    assert await titles(model, [ask(text) for text in texts]) == texts
    assert sorted(request.document for request in inner.requests[1:]) == ["first", "second", "third"]


@pytest.mark.parametrize(
    "kind", [errors.InvalidOutputError, errors.TruncatedError, errors.TooLongError, errors.RefusedError]
)
async def test_a_pack_with_a_troublesome_post_is_halved_until_the_others_are_answered(
    ask: Ask, kind: type[ModelError]
) -> None:
    def choke(request: StructuredRequest, _: int) -> ModelError | StructuredResult:
        documents = [post.document for post in request.posts] or [request.document]
        return kind("choked") if "bad" in documents else about(request)

    model, _ = model_of(choke)
    texts = ["a", "b", "bad", "d", "e", "f", "g", "h"]
    found = await titles(model, [ask(text) for text in texts])
    assert [title for title in found if isinstance(title, str)] == [text for text in texts if text != "bad"]
    assert isinstance(found[2], kind)


async def test_trouble_that_is_not_the_posts_reaches_all_of_them_after_one_call(ask: Ask) -> None:
    model, inner = model_of(always(errors.ModelUnavailableError("down", retry_after=9)))
    found = await titles(model, [ask(f"{n}") for n in range(8)])
    assert len(inner.requests) == 1
    assert all(isinstance(error, errors.ModelUnavailableError) for error in found)


async def test_whoever_gives_up_waiting_takes_nothing_from_the_others(ask: Ask) -> None:
    model, _ = model_of(lambda request, _: about(request))
    gone = asyncio.create_task(model.complete(ask("gone")))
    stays = asyncio.create_task(model.complete(ask("stays")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).output["title"] == "stays"
    assert gone.cancelled()


async def test_closing_ends_what_is_waiting(ask: Ask) -> None:
    model, _ = model_of(lambda request, _: about(request))
    waiting = asyncio.create_task(model.complete(ask("waits")))
    await asyncio.sleep(0)
    await model.aclose()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


def test_the_schema_of_a_pack_is_as_strict_as_that_of_one_post() -> None:
    assert_strict(packed_output(EXTRACTION_OUTPUT).schema)


@settings(max_examples=50, deadline=None)
@given(
    total=st.integers(0, 10_000),
    cost=st.integers(0, 10_000),
    posts=st.integers(1, 8),
    silent=st.sets(st.integers(0, 7)),
)
def test_the_shares_of_a_call_are_together_what_it_used(total: int, cost: int, posts: int, silent: set[int]) -> None:
    asked = [Post(f"p{n}", "x") for n in range(posts)]
    items = [{"id": post.id, "n": 1} for at, post in enumerate(asked) if at not in silent]
    usage = Usage(input_uncached=total, output=total // 3)
    result = StructuredResult(output={"posts": items}, model="m", provider="p", usage=usage, cost_micros=cost)
    found = unpacked(result, asked)
    assert set(found) == {item["id"] for item in items}
    if found:
        assert sum(each.usage.total for each in found.values()) == usage.total
        assert sum(each.cost_micros or 0 for each in found.values()) == cost


def test_a_packs_budget_of_tokens_grows_with_its_posts_within_bounds(ask: Ask) -> None:
    requests = [ask("x", max_output_tokens=1000)] * 8
    assert packed(requests, 8192).max_output_tokens == 4000
    assert packed(requests, 3000).max_output_tokens == 3000
    assert packed(requests[:2], 500).max_output_tokens == 1000
