"""A model whose every call is held against budgets before it is made, and written down after."""

from __future__ import annotations

import time

from tg_parser.llm.accounts import Accounts, CallRecord, Hold
from tg_parser.llm.errors import ModelError, Spent
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult, Usage, model_asked
from tg_parser.llm.prices import PriceTable
from tg_parser.llm.spending import Amount
from tg_parser.llm.tokens import estimated_input, typical_output


class AccountedModel:
    """`inner`, one attempt at a time accounted for.

    Args:
        inner: makes the calls.
        accounts: holds and ledger.
        prices: for the estimate before the call; the call itself knows what it cost.
        api_url: by which the list of prices knows the provider.
    """

    def __init__(self, inner: LanguageModel, accounts: Accounts, prices: PriceTable, api_url: str) -> None:
        self._inner = inner
        self._accounts = accounts
        self._prices = prices
        self._api_url = api_url

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`.

        Raises:
            BudgetExceededError: the call could cost more than is left, and was not made.
        """
        wanted = self._estimate(request)
        hold = await self._accounts.hold(
            request.account, wanted or Amount(0, *_counts(request)), priced=wanted is not None
        )
        began = time.perf_counter()
        try:
            result = await self._inner.complete(request)
        except ModelError as error:
            await self._settle(hold, request, began, error.spent or Spent(), type(error).__name__)
            raise
        except BaseException:
            self._accounts.release(hold)
            raise
        paid = Spent(result.usage, result.cost_micros, result.model, result.request_id)
        await self._settle(hold, request, began, paid, "ok")
        return result

    async def aclose(self) -> None:
        """Close the inner model."""
        await self._inner.aclose()

    def _estimate(self, request: StructuredRequest) -> Amount | None:
        """What the call will probably use; None if its price is not known."""
        usage = estimated_usage(request)
        cost = self._prices.cost_micros(usage, model_asked(request, self), self._api_url)
        return None if cost is None else Amount(cost, usage.total, max(1, len(request.posts)))

    async def _settle(self, hold: Hold, request: StructuredRequest, began: float, spent: Spent, outcome: str) -> None:
        call = CallRecord(
            at=self._accounts.clock(),
            account=request.account,
            provider=self.provider,
            model=model_asked(request, self),
            answered_by=spent.model,
            prompt=f"{request.prompt.id}@{request.prompt.version}",
            messages=max(1, len(request.posts)),
            usage=spent.usage,
            cost_micros=spent.cost_micros,
            price_version=self._prices.version,
            latency_ms=(time.perf_counter() - began) * 1000,
            outcome=outcome,
            request_id=spent.request_id or "",
        )
        await self._accounts.settle(hold, call)


def estimated_usage(request: StructuredRequest) -> Usage:
    """What the answer to `request` will probably take."""
    documents = [post.document for post in request.posts] or [request.document]
    output = min(request.max_output_tokens, sum(map(typical_output, documents)))
    return Usage(input_uncached=estimated_input(request), output=output)


def _counts(request: StructuredRequest) -> tuple[int, int]:
    return estimated_usage(request).total, max(1, len(request.posts))
