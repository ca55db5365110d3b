"""The read model an export is written from: facts folded into the tables of schema `exporter`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.messages import MessageEdited, MessageEnriched, MessageIngested
from tg_parser.exporter.domain.folding import HEARD, Told, rows_of
from tg_parser.exporter.domain.registers import REGISTERS, Register, Row
from tg_parser.rendering.markdown import is_bare, markdown

SCHEMA = "exporter"
PROJECTION = f"{SCHEMA}.entries"
TEXT = {"message": {"text", "entities", "rich"}, "observations": True}
"""What is left out of an observed message: an entry has the document's text, of the message as it was merged.

What it looks like is kept as Markdown, in a member of its own beside `message`, where that says more than its text.
"""


class EntriesProjection:
    """A `Projection`: the newest content, outcome, topic and channel of everything, one statement per table and batch."""

    name = PROJECTION
    filters = tuple(subjects.fact_filter(fact) for fact in HEARD)
    tables = tuple(f"{SCHEMA}.{register.table}" for register in REGISTERS)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Recorded]) -> None:
        """Fold a batch. The registers make it the same however the log is cut."""
        written: dict[str, list[Row]] = {register.table: [] for register in REGISTERS}
        for entry in batch:
            for register, row in rows_of(_told(entry)):
                written[register.table].append(row)
        for register in REGISTERS:
            if rows := register.newest(written[register.table]):
                await connection.execute(UPSERTS[register.table], _columns(register, rows))


def upsert(register: Register) -> TextClause:
    """The statement that writes rows of `register`, given one array per column; older versions lose."""
    names = list(register.columns)
    arrays = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in register.columns.items())
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in register.key)
    stored = ", ".join(f"{register.table}.{name}" for name in register.version)
    offered = ", ".join(f"excluded.{name}" for name in register.version)
    return text(
        f"INSERT INTO {SCHEMA}.{register.table} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - names are ours
        f"ON CONFLICT ({', '.join(register.key)}) DO UPDATE SET {changed} WHERE ({stored}) < ({offered})"
    )


UPSERTS = {register.table: upsert(register) for register in REGISTERS}


def _told(entry: Recorded) -> Told:
    return Told(entry.seq, entry.workflow_id, entry.message, _body(entry).decode())


def _body(entry: Recorded) -> bytes:
    fact = entry.message
    if isinstance(fact, MessageIngested | MessageEdited | MessageEnriched):
        body = fact.__pydantic_serializer__.to_json(fact, exclude=TEXT, exclude_none=True)
        return body if is_bare(fact.message) else body[:-1] + b',"markdown":' + to_json(markdown(fact.message)) + b"}"
    return entry.body if entry.type == fact.wire_type() else encode(fact)


def _columns(register: Register, rows: Iterable[Row]) -> dict[str, Any]:
    return dict(zip(register.columns, map(list, zip(*rows, strict=True)), strict=True))
