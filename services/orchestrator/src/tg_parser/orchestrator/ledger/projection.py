"""The ledger as a fold of the facts: rows, counts and notices move in the one transaction that also moves the position.

A message counts once however often it is told of, because its row can be inserted only once and settled only once. An
outcome may come before its message, and either before the number expected is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.subjects import fact_filter
from tg_parser.contracts.workflows import ProcessStageCompleted
from tg_parser.orchestrator.ledger import statements
from tg_parser.orchestrator.ledger.reading import HEARD, Gathered, ItemKey, gather

PROCESS_COMPLETED: Final = ProcessStageCompleted.wire_type()
"""The kind of the notice that the ledger itself finds out."""


class LedgerProjection:
    """Folds facts into the tables of the schema `orchestrator`."""

    name = "orchestrator.ledger"
    filters = tuple(fact_filter(fact) for fact in HEARD)
    tables = (
        "orchestrator.workflow_item",
        "orchestrator.workflow_stage",
        "orchestrator.item_pipeline",
        "orchestrator.imported_document",
        "orchestrator.channel",
        "orchestrator.notice",
    )

    def __init__(self) -> None:
        self._noticed = False

    def noticed(self) -> bool:
        """Whether notices were written since this was last asked."""
        noticed, self._noticed = self._noticed, False
        return noticed

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """Fold `batch`. Messages first: an outcome in the same batch then finds its row."""
        rows = gather(batch)
        if rows.items:
            await connection.execute(statements.ITEMS, {**_keys(rows.items), "seq": list(rows.items.values())})
        if rows.outcomes:
            await connection.execute(statements.OUTCOMES, _outcomes(rows))
        if rows.expected:
            await connection.execute(
                statements.EXPECTED, {**_scopes(rows.expected), "expected": [*rows.expected.values()]}
            )
        erased = await _settle_erased(connection, rows)
        await self._write_notices(connection, rows, erased)
        await _write_knowledge(connection, rows)

    async def _write_notices(self, connection: AsyncConnection, rows: Gathered, erased: set[tuple[str, int]]) -> None:
        if rows.notices:
            await connection.execute(statements.NOTICES, _notices(rows.notices))
            self._noticed = True
        touched = (
            {(workflow_id, generation) for workflow_id, generation, _ in rows.outcomes} | set(rows.expected) | erased
        )
        if touched:
            found = await connection.execute(statements.COMPLETED, {**_scopes(touched), "kind": PROCESS_COMPLETED})
            self._noticed = self._noticed or found.rowcount > 0


async def _settle_erased(connection: AsyncConnection, rows: Gathered) -> set[tuple[str, int]]:
    """The workflows that waited for an outcome of an erased message."""
    if not rows.erased:
        return set()
    told = {"item_key": list(rows.erased), "seq": list(rows.erased.values())}
    return {(row.workflow_id, row.generation) for row in await connection.execute(statements.ERASED, told)}


async def _write_knowledge(connection: AsyncConnection, rows: Gathered) -> None:
    if rows.pipelines:
        keys, hashes, seqs = zip(*rows.pipelines.values(), strict=True)
        await connection.execute(
            statements.PIPELINES,
            {
                "source_ref": list(rows.pipelines),
                "pipeline_key": list(keys),
                "content_hash": list(hashes),
                "seq": list(seqs),
            },
        )
    if rows.imported:
        told = {"source_ref": list(rows.imported), "seq": list(rows.imported.values())}
        await connection.execute(statements.IMPORTED, told)
    if rows.erased:
        await connection.execute(statements.NOT_IMPORTED, {"source_ref": list(rows.erased)})
    if rows.channels:
        titles, seqs = zip(*rows.channels.values(), strict=True)
        await connection.execute(
            statements.CHANNELS, {"channel_id": list(rows.channels), "title": list(titles), "seq": list(seqs)}
        )


def _keys(keys: Sequence[ItemKey] | dict[ItemKey, int]) -> dict[str, list[object]]:
    workflows, generations, refs = zip(*keys, strict=True)
    return {"workflow_id": [*workflows], "generation": [*generations], "item_key": [*refs]}


def _scopes(scopes: set[tuple[str, int]] | dict[tuple[str, int], int]) -> dict[str, list[object]]:
    workflows, generations = zip(*scopes, strict=True)
    return {"workflow_id": [*workflows], "generation": [*generations]}


def _outcomes(rows: Gathered) -> dict[str, list[object]]:
    outcomes = list(rows.outcomes.values())
    columns = ("seq", "outcome", "reason", "input_tokens", "output_tokens", "cost_micros", "cache_hit")
    return _keys(list(rows.outcomes)) | {
        column: [getattr(outcome, column) for outcome in outcomes] for column in columns
    }


def _notices(entries: Sequence[Recorded]) -> dict[str, list[object]]:
    return {
        "workflow_id": [entry.workflow_id for entry in entries],
        "generation": [entry.generation for entry in entries],
        "kind": [entry.type for entry in entries],
        "seq": [entry.seq for entry in entries],
        "body": [entry.body.decode() for entry in entries],
    }
