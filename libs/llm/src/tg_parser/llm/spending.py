"""How much may be spent, and whether one more call fits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict

from tg_parser.llm.port import Account, Limits

MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Amount:
    """What calls used: money in millionths of a US dollar, tokens of all kinds, and messages."""

    micros: int = 0
    tokens: int = 0
    messages: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.micros + other.micros, self.tokens + other.tokens, self.messages + other.messages)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.micros - other.micros, self.tokens - other.tokens, self.messages - other.messages)


class Budgets(BaseModel):
    """The limits of each workflow, of a day (UTC) over all of them, and of each channel for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow: Limits = Limits()
    day: Limits = Limits()
    channel: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a budget is for. `key` is unique among all of them, `title` is what a person calls it."""

    key: str
    title: str
    limits: Limits


def scopes_of(account: Account, today: date, budgets: Budgets) -> tuple[Scope, ...]:
    """Everything a call of `account` counts towards, limited or not, the smallest first."""
    found = [Scope(f"day:{today:%Y-%m-%d}", "today's budget", budgets.day)]
    if account.channel_id:
        found.insert(0, Scope(f"channel:{account.channel_id}", "the channel's budget", budgets.channel))
    if account.workflow_id:
        limits = account.limits if account.limits and account.limits.any else budgets.workflow
        found.insert(0, Scope(f"workflow:{account.workflow_id}", "the workflow's budget", limits))
    return tuple(found)


def crossed(scopes: tuple[Scope, ...], used: Mapping[str, Amount], wanted: Amount) -> str | None:
    """The first budget that `wanted` does not fit into any more, as part of a sentence; None if it fits into all.

    Args:
        scopes: what the call counts towards.
        used: what is spent and held by calls under way, by the scopes' keys; missing is nothing.
        wanted: what the call may use.
    """
    for scope in scopes:
        together = used.get(scope.key, Amount()) + wanted
        over = _over(scope.limits, together)
        if over:
            return f"{scope.title} of {over}"
    return None


def _over(limits: Limits, amount: Amount) -> str | None:
    if limits.usd is not None and amount.micros > limits.usd * MICROS:
        return f"${limits.usd}"
    if limits.tokens is not None and amount.tokens > limits.tokens:
        return f"{limits.tokens:,} tokens"
    if limits.messages is not None and amount.messages > limits.messages:
        return f"{limits.messages:,} messages"
    return None
