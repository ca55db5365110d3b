"""Every call to a model in Postgres, and the sums of them, in the one transaction that also tells the new sums."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import text

from tg_parser.chassis.database import DATABASE_ERRORS, Database
from tg_parser.chassis.errors import TransientError
from tg_parser.llm.accounts import CallRecord
from tg_parser.llm.port import Usage
from tg_parser.llm.spending import Amount
from tg_parser.processor.adapters.grouped import Grouped

log = structlog.get_logger(__name__)

RETRY = 1.0  # seconds between attempts to write down what could not be written
TRIES = 120  # attempts; then the calls are only in the log of the service

TOKENS = tuple(Usage.model_fields)
COLUMNS: Mapping[str, str] = {
    "at": "timestamptz", "workflow_id": "text", "channel_id": "text", "provider": "text", "model": "text",
    "answered_by": "text", "prompt": "text", "messages": "integer", **dict.fromkeys(TOKENS, "bigint"),
    "cost_micros": "bigint", "price_version": "text", "latency_ms": "double precision", "outcome": "text",
    "request_id": "text",
}  # fmt: skip
CALLS = text(
    f"INSERT INTO processor.call ({', '.join(COLUMNS)}) "  # noqa: S608 - names and types from above, no values
    f"SELECT * FROM unnest({', '.join(f'cast(:{name} AS {kind}[])' for name, kind in COLUMNS.items())})"
)
ADD = text("""
INSERT INTO processor.spent AS spent (scope, micros, tokens, messages)
SELECT * FROM unnest(cast(:scope AS text[]), cast(:micros AS bigint[]), cast(:tokens AS bigint[]), cast(:messages AS bigint[]))
ON CONFLICT (scope) DO UPDATE SET micros = spent.micros + excluded.micros, tokens = spent.tokens + excluded.tokens,
    messages = spent.messages + excluded.messages
RETURNING scope, micros, tokens, messages
""")
SPENT = text("SELECT scope, micros, tokens, messages FROM processor.spent WHERE scope = ANY(cast(:scope AS text[]))")

Entry = tuple[CallRecord, tuple[str, ...]]
Sums = Mapping[str, Amount]


@dataclass(frozen=True, slots=True)
class StoredCalls:
    """`CallLedger` over the tables `processor.call` and `processor.spent`."""

    database: Database
    entries: Grouped[Entry, Sums]

    async def spent(self, scopes: Sequence[str]) -> Sums:
        """See the port. Raises TransientError while Postgres is away."""
        try:
            async with self.database.engine.connect() as connection:
                return _sums(await connection.execute(SPENT, {"scope": list(scopes)}))
        except DATABASE_ERRORS as error:
            raise TransientError("Postgres does not answer; nobody knows what is left of the budgets.") from error

    async def record(self, call: CallRecord, scopes: Sequence[str]) -> Sums:
        """See the port. Waits for Postgres to come back; giving up, it logs the call."""
        for _ in range(TRIES):
            try:
                return await self.entries.ask((call, tuple(scopes)))
            except DATABASE_ERRORS:
                await asyncio.sleep(RETRY)
        log.error(
            "A call could not be written down.",
            action="call_unrecorded",
            provider=call.provider,
            model=call.model,
            tokens=call.usage.total,
            cost_micros=call.cost_micros,
        )
        return {}


@asynccontextmanager
async def open_calls(database: Database) -> AsyncIterator[StoredCalls]:
    """The ledger, written in groups."""

    async def write(entries: Sequence[Entry]) -> Sequence[Sums]:
        added: defaultdict[str, Amount] = defaultdict(Amount)
        for call, scopes in entries:
            for scope in scopes:
                added[scope] += call.amount
        async with database.begin() as connection:
            await connection.execute(CALLS, _columns([call for call, _ in entries]))
            sums = _sums(await connection.execute(ADD, _amounts(added)))
        return [sums] * len(entries)

    async with Grouped(write) as entries:
        yield StoredCalls(database, entries)


def _columns(calls: Sequence[CallRecord]) -> dict[str, list[Any]]:
    return {name: [_value(call, name) for call in calls] for name in COLUMNS}


def _value(call: CallRecord, name: str) -> Any:
    if name in TOKENS:
        return getattr(call.usage, name)
    if name in {"workflow_id", "channel_id"}:
        return getattr(call.account, name)
    return getattr(call, name)


def _amounts(added: Mapping[str, Amount]) -> dict[str, list[Any]]:
    ordered = sorted(added.items())  # always locked in the same order
    return {
        "scope": [scope for scope, _ in ordered],
        "micros": [amount.micros for _, amount in ordered],
        "tokens": [amount.tokens for _, amount in ordered],
        "messages": [amount.messages for _, amount in ordered],
    }


def _sums(rows: Any) -> dict[str, Amount]:
    return {row.scope: Amount(row.micros, row.tokens, row.messages) for row in rows}
