"""The three files: where they are, and how they are opened without being touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tg_parser.ingestor.adapters.exports.location import inside, regular
from tg_parser.ingestor.ports import SourceRefused

SUFFIXES: Final = ("sqlite", "sqlite3", "db")
MAGIC: Final = b"SQLite format 3\0"
WAL: Final = 2  # the header's byte 18: written through a write-ahead log (sqlite.org/fileformat.html)
LARGEST_VALUE: Final = 64 * 1024 * 1024  # bytes of one value
BUSY: Final = 30.0  # seconds to wait while v3 writes


@dataclass(frozen=True, slots=True)
class Databases:
    """The three files of one installation."""

    folder: Path
    state: Path
    raw: Path
    processing: Path


def find(location: str, roots: Sequence[Path]) -> Databases:
    """The files in the folder `location`. Raises SourceRefused if one is missing, or lies outside all `roots`."""
    if not roots:
        raise SourceRefused(
            f"{location} cannot be read: no folder is open for imports. Name one in TG_INGESTOR__IMPORT_ROOTS.",
            "not_allowed",
        )
    try:
        folder = inside(Path(location), location, roots)
        if not folder.exists():
            raise SourceRefused(f"{location} does not exist.", "not_found")
        if not folder.is_dir():
            raise SourceRefused(f"{location} is not a folder: TG_parser v2 and v3 keep three databases in one.")
        state, raw, processing = (
            _database(folder, name, roots) for name in ("ingestion_state", "raw_storage", "processing_storage")
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceRefused(f"{location!r} cannot be read: {reason}.") from error
    return Databases(folder, state, raw, processing)


def _database(folder: Path, name: str, roots: Sequence[Path]) -> Path:
    found = next((path for suffix in SUFFIXES if (path := folder / f"{name}.{suffix}").exists()), None)
    if found is None:
        raise SourceRefused(
            f"{folder} holds no {name}.sqlite: TG_parser v2 and v3 keep three databases in one folder, "
            "ingestion_state, raw_storage and processing_storage.",
            "not_found",
        )
    path = regular(inside(found, str(found), roots), str(found))
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SourceRefused(f"{path} is no SQLite database.")
    return path


@contextmanager
def opened(databases: Databases) -> Iterator[sqlite3.Connection]:
    """All three in one connection, `main` (raw), `processing` and `state`, as they are at one moment.

    Raises SourceRefused if one cannot be opened.
    """
    try:
        with closing(sqlite3.connect(_uri(databases.raw), uri=True, timeout=BUSY, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.text_factory = _text
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
            connection.execute("PRAGMA trusted_schema = off")  # the files may be anybody's
            connection.execute("PRAGMA temp_store = file")  # what has to be sorted may be large
            connection.execute("ATTACH ? AS processing", (_uri(databases.processing),))
            connection.execute("ATTACH ? AS state", (_uri(databases.state),))
            connection.execute("PRAGMA query_only = on")
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        raise SourceRefused(f"The databases in {databases.folder} cannot be read: {error}.") from error


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _uri(path: Path) -> str:
    """Where nobody can write meanwhile through a log beside it, SQLite need not look for one, nor for a place to lock."""
    with path.open("rb") as file:
        through_log = file.read(20)[18:19] == bytes([WAL])
    log = path.with_name(f"{path.name}-wal")
    waiting = log.exists() and log.stat().st_size > 0
    return f"{path.as_uri()}?mode=ro{'&immutable=1' if through_log and not waiting else ''}"
