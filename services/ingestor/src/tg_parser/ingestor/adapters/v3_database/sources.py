"""Rows of `sources` as registered sources. v3 never read one by itself, and so none is followed: somebody has to ask."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tg_parser.contracts.messages import SourceSpec
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import SourceAdded, SourcePaused
from tg_parser.ingestor.adapters.exports.entries import Entry, rejected
from tg_parser.ingestor.adapters.v3_database.identities import Identities, bare_id, username
from tg_parser.ingestor.adapters.v3_database.values import counter, moment
from tg_parser.ingestor.domain import Inherited

ROWS: Final = "SELECT * FROM state.sources ORDER BY source_id"
ACTOR: Final = "import-v2"
FOREIGN: Final = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST_NAME: Final = 64
UNDATED: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""For rows whose own dates cannot be read: the same in every reading."""


def source_entries(connection: sqlite3.Connection, identities: Identities) -> Iterator[Entry]:
    """One entry for each source; of two that come to the same name the first."""
    taken: set[str] = set()
    for position, row in enumerate(map(dict, connection.execute(ROWS))):
        name = name_of(row["source_id"])
        facts = source_facts(row, name, identities)
        if not facts or name in taken:
            reason = (
                "another source comes to the same name" if name in taken else "its name or its channel cannot be used"
            )
            told = f"The source {str(row['source_id'])[:64]!r} was left out: {reason}."
            yield rejected(None, None, position, told, row)
            continue
        taken.add(name)
        yield Entry(Inherited(f"source:{name}", "", facts))


def name_of(source_id: Any) -> str:
    """The source's name as ours are: letters, digits, `_` and `-`, beginning with one of the first two. May be empty."""
    return FOREIGN.sub("_", str(source_id or "")).strip("_-")[:LONGEST_NAME]


def source_facts(row: Mapping[str, Any], name: str, identities: Identities) -> tuple[Fact, ...]:
    """What registers it; nothing if it cannot be named or read."""
    old = str(row["channel_id"] or "")
    chat = identities.by_name.get(old)
    channel_id = chat.channel_id if chat else bare_id(old)
    public = username(row["channel_username"]) or username(old)
    location = public or channel_id
    if not name or not location:
        return ()
    at = moment(row["updated_at"]) or moment(row["created_at"]) or UNDATED
    spec = SourceSpec(
        kind="mtproto_history",
        location=location,
        source_id=name,
        channel_id=channel_id,
        include_comments=bool(row["include_comments"]),
        since=moment(row["history_from"]),
        until=moment(row["history_to"]),
    )
    batch = min(1_000, max(1, counter(row["batch_size"]) or 100))
    added = SourceAdded(source_id=name, at=at, actor=ACTOR, spec=spec, channel_username=public or "", batch_size=batch)
    paused = SourcePaused(source_id=name, at=at, actor=ACTOR)
    return (added, paused) if row["status"] == "paused" else (added,)
