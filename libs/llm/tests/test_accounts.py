from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedModel, in_order, paid

from tg_parser.llm.accounted import AccountedModel, estimated_usage
from tg_parser.llm.accounts import Accounts, CallRecord
from tg_parser.llm.errors import BudgetExceededError, InvalidOutputError, Spent, TransportError
from tg_parser.llm.instant import InstantModel
from tg_parser.llm.port import Account, Limits, Post, StructuredRequest, StructuredResult, Usage
from tg_parser.llm.prices import PriceTable, read_prices
from tg_parser.llm.spending import Amount, Budgets, crossed, scopes_of

Ask = Callable[..., StructuredRequest]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class MemoryLedger:
    """Keeps calls and sums for one test; several accounts may share it."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []
        self.sums: defaultdict[str, Amount] = defaultdict(Amount)

    async def spent(self, scopes: Sequence[str]) -> Mapping[str, Amount]:
        await asyncio.sleep(0)
        return {scope: self.sums[scope] for scope in scopes if scope in self.sums}

    async def record(self, call: CallRecord, scopes: Sequence[str]) -> Mapping[str, Amount]:
        await asyncio.sleep(0)
        self.calls.append(call)
        for scope in scopes:
            self.sums[scope] += call.amount
        return {scope: self.sums[scope] for scope in scopes}


def own_prices(tmp_path: Path, **models: dict[str, float]) -> PriceTable:

    file = tmp_path / "prices.json"
    file.write_text(json.dumps(models))
    return read_prices(file)


def test_a_call_counts_for_its_workflow_its_channel_and_its_day() -> None:
    scopes = scopes_of(Account("w", "c"), NOW.date(), Budgets())
    assert [scope.key for scope in scopes] == ["workflow:w", "channel:c", "day:2026-03-01"]
    assert [scope.key for scope in scopes_of(Account(), NOW.date(), Budgets())] == ["day:2026-03-01"]


@pytest.mark.parametrize(
    ("limits", "wanted", "said"),
    [
        (Limits(usd=Decimal("0.5")), Amount(micros=400_001), "the workflow's budget of $0.5"),
        (Limits(tokens=1000), Amount(tokens=901), "the workflow's budget of 1,000 tokens"),
        (Limits(messages=5), Amount(messages=5), "the workflow's budget of 5 messages"),
        (Limits(usd=Decimal("0.5")), Amount(micros=400_000), None),
        (Limits(), Amount(10**12, 10**12, 10**6), None),
    ],
)
def test_a_budget_is_crossed_by_what_is_used_and_wanted_together(
    limits: Limits, wanted: Amount, said: str | None
) -> None:
    scopes = scopes_of(Account("w"), NOW.date(), Budgets(workflow=limits))
    assert crossed(scopes, {"workflow:w": Amount(100_000, 100, 1)}, wanted) == said


def test_a_workflow_may_have_a_budget_of_its_own() -> None:
    budgets = Budgets(workflow=Limits(tokens=10))
    scopes = scopes_of(Account("w", limits=Limits(tokens=99)), NOW.date(), budgets)
    assert scopes[0].limits == Limits(tokens=99)
    assert scopes_of(Account("w", limits=Limits()), NOW.date(), budgets)[0].limits == Limits(tokens=10)


@settings(max_examples=40, deadline=None)
@given(
    limit=st.integers(0, 20_000),
    costs=st.lists(st.integers(1, 900), min_size=1, max_size=60),
    concurrency=st.integers(1, 8),
    processes=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
async def test_a_budget_is_never_exceeded_by_more_than_what_is_under_way(
    limit: int, costs: list[int], concurrency: int, processes: int, seed: int
) -> None:
    """Whatever calls are thought to cost beforehand, and however many processes share the ledger."""
    ledger, chance = MemoryLedger(), random.Random(seed)
    budgets = Budgets(workflow=Limits(tokens=limit))
    everybody = [Accounts(ledger, budgets, lambda: NOW) for _ in range(processes)]
    places = asyncio.Semaphore(concurrency)
    account = Account("w")

    async def call(cost: int) -> None:
        accounts = chance.choice(everybody)
        async with places:
            try:
                hold = await accounts.hold(account, Amount(tokens=chance.randint(0, 900), messages=1), priced=True)
            except BudgetExceededError:
                return
            await asyncio.sleep(0)
            call = CallRecord(
                NOW, account, "p", "m", "m", "x@1", 1, Usage(output=cost), 0, "v", 1.0, "ok", ""
            )  # fmt: skip
            await accounts.settle(hold, call)

    await asyncio.gather(*map(call, costs))
    assert ledger.sums["workflow:w"].tokens <= limit + concurrency * max(costs)


async def test_every_call_is_written_down_with_what_it_used(ask: Ask) -> None:
    ledger = MemoryLedger()
    answer = paid(await InstantModel().complete(ask()), tokens=10, cost=7)
    wrong = InvalidOutputError("x", spent=Spent(Usage(output=5), 3, "m-2026", "req-1"))
    inner = ScriptedModel(in_order(answer, wrong, TransportError("gone")))
    model = AccountedModel(inner, Accounts(ledger, Budgets(), lambda: NOW), PriceTable(), "http://x")
    await model.complete(ask(account=Account("w", "c")))
    for kind in (InvalidOutputError, TransportError):
        with pytest.raises(kind):
            await model.complete(ask(account=Account("w", "c")))
    assert [(call.outcome, call.usage.total, call.cost_micros) for call in ledger.calls] == [
        ("ok", 10, 7),
        ("InvalidOutputError", 5, 3),
        ("TransportError", 0, None),
    ]
    assert (ledger.calls[1].answered_by, ledger.calls[1].request_id) == ("m-2026", "req-1")
    assert ledger.calls[0].prompt == "extract-post@1.0.0"
    assert ledger.sums["workflow:w"] == Amount(10, 15, 1)


async def test_a_call_that_does_not_fit_is_not_made(ask: Ask, tmp_path: Path) -> None:
    prices = own_prices(tmp_path, scripted={"input": 1, "output": 1})
    budgets = Budgets(day=Limits(usd=Decimal("0.000001")))
    inner = ScriptedModel(in_order())
    model = AccountedModel(inner, Accounts(MemoryLedger(), budgets, lambda: NOW), prices, "http://x")
    with pytest.raises(BudgetExceededError, match=r"today's budget of \$0\.000001"):
        await model.complete(ask())
    assert inner.requests == []


async def test_a_budget_in_money_cannot_be_kept_without_a_price(ask: Ask) -> None:
    budgets = Budgets(channel=Limits(usd=Decimal(1)))
    model = AccountedModel(InstantModel(), Accounts(MemoryLedger(), budgets, lambda: NOW), PriceTable(), "http://x")
    with pytest.raises(BudgetExceededError, match="price is not known"):
        await model.complete(ask(account=Account("w", "c")))


async def test_a_call_given_up_holds_nothing_back(ask: Ask) -> None:
    accounts = Accounts(MemoryLedger(), Budgets(day=Limits(messages=1)), lambda: NOW)

    class Silent(InstantModel):
        async def complete(self, request: StructuredRequest) -> StructuredResult:
            await asyncio.Event().wait()
            raise AssertionError

    call = asyncio.create_task(AccountedModel(Silent(), accounts, PriceTable(), "http://x").complete(ask()))
    await asyncio.sleep(0.01)
    with pytest.raises(BudgetExceededError):
        await accounts.hold(Account(), Amount(messages=1), priced=True)
    call.cancel()
    await asyncio.wait([call])
    await accounts.hold(Account(), Amount(messages=1), priced=True)


async def test_what_another_process_spent_is_known_after_the_next_call(ask: Ask) -> None:
    ledger, budgets = MemoryLedger(), Budgets(day=Limits(messages=3))
    first, second = (Accounts(ledger, budgets, lambda: NOW) for _ in range(2))
    one = AccountedModel(InstantModel(), first, PriceTable(), "http://x")
    two = AccountedModel(InstantModel(), second, PriceTable(), "http://x")
    for model in (one, two, one):
        await model.complete(ask())
    with pytest.raises(BudgetExceededError, match="3 messages"):
        await one.complete(ask())


def test_the_estimate_counts_the_prompt_once_however_many_posts_travel(ask: Ask) -> None:
    single = estimated_usage(ask("Мост открыт после ремонта."))
    several = estimated_usage(ask("", posts=tuple(Post(f"p{n}", "Мост открыт после ремонта.") for n in range(8))))
    assert several.input_uncached < 4 * single.input_uncached
    assert several.output == 8 * single.output


def test_prices_of_ones_own_go_first_and_change_the_version(tmp_path: Path) -> None:
    table = own_prices(tmp_path, mine={"input": 2, "output": 8})
    usage = Usage(input_uncached=100, cache_read=50, output=10)
    assert table.cost_micros(usage, "mine", "http://anywhere") == 150 * 2 + 10 * 8
    assert table.cost_micros(usage, "another", "http://anywhere") is None
    assert PriceTable().version.startswith("genai-prices@")
    assert table.version.startswith(PriceTable().version + "+")


@pytest.mark.parametrize("text", ["{", '{"m": {"input": -1, "output": 1}}', '{"m": {"input": 1}}', "[]"])
def test_prices_that_cannot_be_used_are_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"The prices in .*prices\.json cannot be"):
        read_prices(file)
