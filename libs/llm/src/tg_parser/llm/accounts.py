"""What is spent: held before a call, written down after it, and refused where a budget would be crossed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tg_parser.llm.errors import BudgetExceededError
from tg_parser.llm.port import Account, Usage
from tg_parser.llm.spending import Amount, Budgets, Scope, crossed, scopes_of


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call to a provider, as the ledger keeps it.

    Attributes:
        at: when it ended.
        account: who asked.
        provider: the provider's name.
        model: the model that was asked.
        answered_by: the model that answered, as the provider names it; empty where none did.
        prompt: the prompt's name and version.
        messages: posts in the request.
        usage: tokens, by kind; zeros where nobody knows.
        cost_micros: millionths of a US dollar; None where no price is known.
        price_version: the prices it was reckoned with.
        latency_ms: milliseconds.
        outcome: `ok`, or the class of the error.
        request_id: the provider's id of the call; empty where it gave none.
    """

    at: datetime
    account: Account
    provider: str
    model: str
    answered_by: str
    prompt: str
    messages: int
    usage: Usage
    cost_micros: int | None
    price_version: str
    latency_ms: float
    outcome: str
    request_id: str

    @property
    def amount(self) -> Amount:
        """What it counts for in budgets."""
        return Amount(self.cost_micros or 0, self.usage.total, self.messages if self.outcome == "ok" else 0)


class CallLedger(Protocol):
    """Every call ever made, and the sums of them."""

    async def spent(self, scopes: Sequence[str]) -> Mapping[str, Amount]:
        """What is spent under each of `scopes` by everybody; a scope nothing was spent under may be missing."""
        ...

    async def record(self, call: CallRecord, scopes: Sequence[str]) -> Mapping[str, Amount]:
        """Write `call` down and add it to `scopes`; the new sums, as in `spent`.

        It does not fail: an answer that is paid for must not be lost because of its bill. What cannot be written now is
        written later, and an empty mapping is returned.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """What a call under way may use, kept free in every scope it counts towards."""

    scopes: tuple[Scope, ...]
    amount: Amount


@dataclass
class Accounts:
    """The budgets of one process, over a ledger that it shares with others.

    A hold lives in memory: a process that is killed leaves none behind. What others spend is learnt with every record,
    so that all together cross a limit by no more than what is under way in them.
    """

    ledger: CallLedger
    budgets: Budgets
    clock: Callable[[], datetime]
    _spent: dict[str, Amount] = field(default_factory=dict[str, Amount])
    _held: defaultdict[str, Amount] = field(default_factory=lambda: defaultdict[str, Amount](Amount))

    async def hold(self, account: Account, amount: Amount, *, priced: bool) -> Hold:
        """Keep `amount` free for a call of `account`; `priced` says whether its cost is known.

        Raises:
            BudgetExceededError: it does not fit; the message says into what.
        """
        scopes = scopes_of(account, self.clock().date(), self.budgets)
        limited = tuple(scope for scope in scopes if scope.limits.any)
        if not priced and any(scope.limits.usd is not None for scope in limited):
            raise BudgetExceededError(
                "A budget in money cannot be kept with a model whose price is not known: name its price in TG_LLM__PRICES."
            )
        await self._learn([scope.key for scope in limited if scope.key not in self._spent])
        over = crossed(limited, self._used(limited), amount)
        if over:
            raise BudgetExceededError(f"The next call does not fit into {over}.")
        for scope in limited:
            self._held[scope.key] += amount
        return Hold(scopes, amount)

    def release(self, hold: Hold) -> None:
        """Nothing is kept free any more."""
        for scope in hold.scopes:
            if scope.key in self._held:
                self._held[scope.key] -= hold.amount
                if self._held[scope.key] == Amount():
                    del self._held[scope.key]

    async def settle(self, hold: Hold, call: CallRecord) -> None:
        """Write down what the call really used, and release `hold`."""
        try:
            sums = await self.ledger.record(call, [scope.key for scope in hold.scopes])
            for scope in hold.scopes:
                if scope.limits.any:
                    before = self._spent.get(scope.key, Amount())
                    self._spent[scope.key] = sums.get(scope.key, before + call.amount)
        finally:
            self.release(hold)

    def _used(self, scopes: Sequence[Scope]) -> dict[str, Amount]:
        return {
            scope.key: self._spent.get(scope.key, Amount()) + self._held.get(scope.key, Amount()) for scope in scopes
        }

    async def _learn(self, keys: Sequence[str]) -> None:
        if keys:
            found = await self.ledger.spent(keys)
            self._spent |= {key: found.get(key, Amount()) for key in keys}
