"""Looking for a word in every place the system keeps anything: raw streams, objects, tables, files."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import asyncpg
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

STREAMS = (
    "TG_EVT",
    "TG_WF",
    "TG_JOB",
    "TG_TIMER",
    "TG_DLQ",
    "TG_ADV",
    "KV_tg_control",
    "KV_tg_progress",
    "OBJ_tg_blob",
)


async def places_with(word: str, nats_url: str, dsn: str, *folders: Path) -> set[str]:
    """Where `word` is, in whatever case."""
    client = await nats.connect(nats_url)
    try:
        found = await _streams_with(client, word) | await _objects_with(client, word)
    finally:
        await client.close()
    return found | await _rows_with(dsn, word) | files_with(word, *folders)


def files_with(word: str, *folders: Path) -> set[str]:
    """The files whose bytes hold it."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path) for path in files if _holds(path.read_bytes(), word)}


async def _streams_with(client: Client, word: str) -> set[str]:
    jetstream = client.jetstream()
    assert {info.config.name for info in await jetstream.streams_info()} == set(STREAMS)
    found: set[str] = set()
    for stream in STREAMS:
        state = (await jetstream.stream_info(stream)).state
        for seq in range(max(state.first_seq, 1), state.last_seq + 1):
            try:
                message = await jetstream.get_msg(stream, seq)
            except NotFoundError:
                continue
            headers = json.dumps(message.headers or {}, ensure_ascii=False).encode()
            if _holds((message.data or b"") + headers + (message.subject or "").encode(), word):
                found.add(f"{stream} {message.subject} {seq}")
    return found


async def _objects_with(client: Client, word: str) -> set[str]:
    store = await client.jetstream().object_store("tg_blob")
    try:
        names = [info.name for info in await store.list(ignore_deletes=True)]
    except NotFoundError:
        return set()
    found: set[str] = set()
    for name in names:
        packed = (await store.get(str(name))).data or b""
        if _holds(zlib.decompress(packed), word):
            found.add(f"object {name}")
    return found


async def _rows_with(dsn: str, word: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        assert len(tables) > 20
        found: set[str] = set()
        for schema, table in tables:
            query = f'SELECT count(*) FROM "{schema}"."{table}" AS row WHERE row::text ILIKE $1'
            if await connection.fetchval(query, f"%{word}%"):
                found.add(f"table {schema}.{table}")
    finally:
        await connection.close()
    return found


def _holds(content: bytes, word: str) -> bool:
    return word.lower().encode() in content.lower()
