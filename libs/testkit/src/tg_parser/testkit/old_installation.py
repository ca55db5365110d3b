"""The databases of an earlier TG_parser, as each of its versions made them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

Version = Literal["v2", "v3.0", "v3.1"]
BEGAN = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
STATE = """
CREATE TABLE sources (
    source_id TEXT PRIMARY KEY, channel_id TEXT NOT NULL, channel_username TEXT,
    status TEXT NOT NULL CHECK(status IN ('active', 'paused', 'error')), include_comments INTEGER NOT NULL,
    history_from TEXT, history_to TEXT, poll_interval_seconds INTEGER, batch_size INTEGER, last_post_id TEXT,
    backfill_completed_at TEXT, last_attempt_at TEXT, last_success_at TEXT, fail_count INTEGER NOT NULL DEFAULT 0,
    last_error TEXT, rate_limit_until TEXT, comments_unavailable INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE comment_cursors (source_id TEXT, thread_id TEXT, last_comment_id TEXT, updated_at TEXT NOT NULL,
    PRIMARY KEY (source_id, thread_id));
CREATE TABLE source_attempts (id INTEGER PRIMARY KEY AUTOINCREMENT, source_id TEXT NOT NULL, attempt_at TEXT NOT NULL,
    success INTEGER NOT NULL, error_class TEXT, error_message TEXT, details_json TEXT);
"""
RAW = """
CREATE TABLE raw_messages (
    source_ref TEXT PRIMARY KEY, id TEXT NOT NULL,
    message_type TEXT NOT NULL CHECK(message_type IN ('post', 'comment')), channel_id TEXT NOT NULL, date TEXT NOT NULL,
    text TEXT NOT NULL, thread_id TEXT, parent_message_id TEXT, language TEXT, raw_payload_json TEXT,
    raw_payload_truncated INTEGER NOT NULL DEFAULT 0, raw_payload_original_size_bytes INTEGER, inserted_at TEXT NOT NULL);
CREATE INDEX raw_messages_channel_date_idx ON raw_messages(channel_id, date);
CREATE TABLE raw_conflicts (id INTEGER PRIMARY KEY AUTOINCREMENT, source_ref TEXT NOT NULL, observed_at TEXT NOT NULL,
    reason TEXT NOT NULL, new_payload_json TEXT, new_text TEXT, new_date TEXT);
"""
PROCESSING = """
CREATE TABLE processed_documents (
    source_ref TEXT PRIMARY KEY, id TEXT NOT NULL, source_message_id TEXT NOT NULL, channel_id TEXT NOT NULL,
    processed_at TEXT NOT NULL, text_clean TEXT NOT NULL, summary TEXT, topics_json TEXT, entities_json TEXT, language TEXT,
    metadata_json TEXT);
CREATE TABLE processing_failures (source_ref TEXT PRIMARY KEY, channel_id TEXT NOT NULL, attempts INTEGER NOT NULL,
    last_attempt_at TEXT NOT NULL, error_class TEXT, error_message TEXT, error_details_json TEXT);
CREATE TABLE topic_cards (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, summary TEXT NOT NULL, scope_in_json TEXT NOT NULL, scope_out_json TEXT NOT NULL,
    type TEXT NOT NULL CHECK(type IN ('singleton', 'cluster')), anchors_json TEXT NOT NULL, sources_json TEXT NOT NULL,
    updated_at TEXT NOT NULL, tags_json TEXT, related_topics_json TEXT, status TEXT, metadata_json TEXT);
CREATE TABLE topic_bundles (
    topic_id TEXT NOT NULL, updated_at TEXT NOT NULL, time_from TEXT, time_to TEXT, items_json TEXT NOT NULL, channels_json TEXT,
    metadata_json TEXT);
"""
AGENTS = """
CREATE TABLE api_jobs (job_id TEXT PRIMARY KEY, job_type TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL,
    webhook_secret TEXT);
CREATE TABLE agent_states (name TEXT PRIMARY KEY, agent_type TEXT NOT NULL, capabilities_json TEXT NOT NULL);
CREATE TABLE task_history (id TEXT PRIMARY KEY, agent_name TEXT NOT NULL, input_json TEXT NOT NULL);
CREATE TABLE handoff_history (id TEXT PRIMARY KEY, source_agent TEXT NOT NULL, target_agent TEXT NOT NULL);
"""
ALEMBIC = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); INSERT INTO alembic_version VALUES ('{}');"
REVISIONS = {"ingestion_state": "89f91e768b9b", "raw_storage": "5c658f04eff0", "processing_storage": "f40d85317f03"}
METADATA = {
    "pipeline_version": "processing:v1.0.0",
    "model_id": "gpt-4o-mini",
    "prompt_id": "sha256:0123456789abcdef",
    "prompt_name": "processing_v1",
    "parameters": {"temperature": 0, "max_tokens": 4096},
}


@dataclass
class Installation:
    """The three databases in one folder; each call adds rows."""

    folder: Path
    version: Version = "v3.0"
    stamps: dict[str, str] = field(default_factory=lambda: dict(REVISIONS))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        schemas = {"ingestion_state": STATE, "raw_storage": RAW, "processing_storage": PROCESSING}
        for name, schema in schemas.items():
            with closing(sqlite3.connect(self.path(name))) as connection:
                connection.executescript(schema)
                if name == "processing_storage" and self.version != "v2":
                    connection.executescript(AGENTS)
                if self.version == "v3.1":
                    connection.executescript(ALEMBIC.format(self.stamps[name]))

    def path(self, name: str) -> Path:
        """Where a database is."""
        return self.folder / f"{name}.sqlite"

    def execute(self, name: str, statement: str, *rows: tuple[Any, ...]) -> None:
        """Run a statement on a database, for each of the rows or once."""
        with closing(sqlite3.connect(self.path(name))) as connection, connection:
            connection.execute("PRAGMA synchronous = off")
            connection.executemany(statement, rows or [()])

    def insert(self, name: str, table: str, row: Mapping[str, Any]) -> None:
        """Add a row."""
        places = ", ".join("?" * len(row))
        self.execute(name, f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))  # noqa: S608 - ours

    def source(self, source_id: str, channel_id: str, **columns: Any) -> None:
        """A row of `sources`."""
        row = {
            "source_id": source_id, "channel_id": channel_id, "channel_username": None, "status": "active",
            "include_comments": 0, "batch_size": 100, "created_at": "2025-03-01T00:00:00Z", "updated_at": "2025-03-02T00:00:00Z",
        }  # fmt: skip
        self.insert("ingestion_state", "sources", row | columns)

    def message(self, channel_id: str, number: int, text: str = "", *, kind: str = "post", **columns: Any) -> str:
        """A row of `raw_messages`; `payload` adds to what Telethon's message was made into. Its name."""
        text = text or f"Запись {number}: паводок на реке Вель, уровень растёт"
        at = BEGAN + timedelta(minutes=number)
        payload = {
            "id": number, "date": at.isoformat(), "message": text, "views": 100 + number, "forwards": 2, "replies": None,
            "edit_date": None, "post_author": None, "grouped_id": None, "media": None,
        }  # fmt: skip
        row = {
            "source_ref": f"tg:{channel_id}:{kind}:{number}", "id": str(number), "message_type": kind, "channel_id": channel_id,
            "date": f"{at:%Y-%m-%dT%H:%M:%SZ}", "text": text, "thread_id": str(number),
            "raw_payload_json": json.dumps(payload | columns.pop("payload", {}), ensure_ascii=False),
            "inserted_at": f"{at + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip
        row |= columns
        self.insert("raw_storage", "raw_messages", row)
        return str(row["source_ref"])

    def comment(self, channel_id: str, post: int, number: int, text: str = "", **columns: Any) -> str:
        """A comment under the channel's id, as v3 stored them. Its name."""
        columns = {"thread_id": str(post), "parent_message_id": str(post)} | columns
        return self.message(channel_id, number, text or f"Комментарий {number}", kind="comment", **columns)

    def document(self, ref: str, text: str = "", **columns: Any) -> None:
        """A row of `processed_documents`."""
        _, channel_id, _, number = ref.split(":")
        row = {
            "source_ref": ref, "id": f"doc:{ref}", "source_message_id": number, "channel_id": channel_id,
            "processed_at": "2025-03-05T10:00:00Z", "text_clean": text or f"Понятое сообщение {number}",
            "summary": f"Вкратце {number}", "topics_json": '["паводок","река Вель"]',
            "entities_json": '[{"confidence":0.9,"type":"location","value":"Вель"}]', "language": "ru",
            "metadata_json": json.dumps(METADATA),
        }  # fmt: skip
        self.insert("processing_storage", "processed_documents", row | columns)

    def topic(self, topic_id: str, anchors: list[str], supporting: list[str] | None = None, **columns: Any) -> None:
        """A row of `topic_cards` and one of `topic_bundles`."""
        items = [_member(ref) | {"source_ref": ref, "role": "anchor", "score": 0.9} for ref in anchors]
        items += [
            _member(ref) | {"source_ref": ref, "role": "supporting", "score": 0.6, "justification": "о том же"}
            for ref in supporting or []
        ]
        row = {
            "id": topic_id, "title": "Паводок на Вели", "summary": "Что писала модель о паводке.",
            "scope_in_json": '["уровень воды"]', "scope_out_json": '["спорт"]', "type": "cluster",
            "anchors_json": json.dumps([_member(ref) | {"anchor_ref": ref, "score": 0.9} for ref in anchors]),
            "sources_json": json.dumps(sorted({ref.split(":")[1] for ref in anchors})), "updated_at": "2025-03-06T10:00:00Z",
            "tags_json": '["паводок"]',
            "metadata_json": json.dumps({"model_id": "gpt-4o-mini", "algorithm": "llm_clustering"}),
        }  # fmt: skip
        self.insert("processing_storage", "topic_cards", row | columns)
        bundle = {"topic_id": topic_id, "updated_at": row["updated_at"], "items_json": json.dumps(items)}
        self.insert("processing_storage", "topic_bundles", bundle)


def _member(ref: str) -> dict[str, Any]:
    _, channel_id, kind, number = ref.split(":")
    return {
        "channel_id": channel_id, "message_id": number, "message_type": kind, "parent_message_id": None, "thread_id": None,
    }  # fmt: skip
