"""Which tables the databases must have. v3.0 and v3.1 added others to those of v2, and changed none of these."""

from __future__ import annotations

import sqlite3
from typing import Final

from tg_parser.ingestor.adapters.v3_database.files import Databases
from tg_parser.ingestor.ports import SourceRefused

COLUMNS: Final = {
    ("main", "raw_messages"): (
        "source_ref id message_type channel_id date text thread_id parent_message_id raw_payload_json inserted_at"
    ),
    ("processing", "processed_documents"): (
        "source_ref processed_at text_clean summary topics_json entities_json language metadata_json"
    ),
    ("processing", "topic_cards"): (
        "id title summary scope_in_json scope_out_json type anchors_json updated_at tags_json related_topics_json status "
        "metadata_json"
    ),
    ("processing", "topic_bundles"): "topic_id updated_at time_from time_to items_json metadata_json",
    ("state", "sources"): (
        "source_id channel_id channel_username status include_comments history_from history_to batch_size created_at updated_at"
    ),
}
REVISIONS: Final = {
    "main": {"0001_raw", "5c658f04eff0", "20251229_2100_raw_indexes"},
    "processing": {"0001_processing", "f40d85317f03", "20251229_2100_processing_indexes"},
    "state": {"0001_ingestion", "89f91e768b9b", "20251229_2100_ingestion_indexes"},
}
"""Of v3.1, which kept account of its schema with Alembic; the versions before did not."""


def check(connection: sqlite3.Connection, databases: Databases) -> None:
    """Raises SourceRefused, with what is wrong, if the databases are damaged or none that v2 or v3 made."""
    paths = {"main": databases.raw, "processing": databases.processing, "state": databases.state}
    for schema, path in paths.items():
        (verdict,) = connection.execute(f"PRAGMA {schema}.quick_check(1)").fetchone()
        if verdict != "ok":
            raise SourceRefused(f"{path} is damaged: {' '.join(str(verdict).split())[:200]}.")
        for revision in _revisions(connection, schema) - REVISIONS[schema]:
            raise SourceRefused(
                f"{path} has the schema {revision[:100]!r}, which no version up to v3.1 had.", "unsupported"
            )
    for (schema, table), wanted in COLUMNS.items():
        found = {row["name"] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
        if not found:
            raise SourceRefused(
                f"{paths[schema]} has no table {table}: it is no database of TG_parser v2 or v3.", "unsupported"
            )
        if missing := [name for name in wanted.split() if name not in found]:
            raise SourceRefused(
                f"The table {table} of {paths[schema]} has no column {missing[0]}: no version up to v3.1 made it.",
                "unsupported",
            )


def _revisions(connection: sqlite3.Connection, schema: str) -> set[str]:
    if not list(connection.execute(f"PRAGMA {schema}.table_info(alembic_version)")):
        return set()
    return {str(row[0]) for row in connection.execute(f"SELECT version_num FROM {schema}.alembic_version")}  # noqa: S608 - ours
