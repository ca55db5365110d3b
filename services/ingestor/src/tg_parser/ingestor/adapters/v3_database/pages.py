"""The databases in pages: sources first, then every channel's posts and comments with their documents, then topics."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tg_parser.ingestor.adapters.exports.entries import Entry
from tg_parser.ingestor.adapters.exports.paging import Pages
from tg_parser.ingestor.adapters.exports.selection import selected
from tg_parser.ingestor.adapters.exports.worker import Order
from tg_parser.ingestor.adapters.v3_database.chat_rows import message_entries, orphan_entries
from tg_parser.ingestor.adapters.v3_database.files import Databases, find, opened
from tg_parser.ingestor.adapters.v3_database.identities import Identities, identities
from tg_parser.ingestor.adapters.v3_database.sources import source_entries
from tg_parser.ingestor.adapters.v3_database.tables import check
from tg_parser.ingestor.adapters.v3_database.topics import topic_entries
from tg_parser.ingestor.adapters.v3_database.values import moment
from tg_parser.ingestor.domain import Page

DATES: Final = "SELECT date FROM raw_messages"


def read_databases(order: Order) -> Iterator[Page]:
    """The pages of the databases an order names, the last with its end. Raises SourceRefused."""
    databases = find(order.spec.location, order.roots)
    with opened(databases) as connection:
        check(connection, databases)
        known = identities(connection, order.spec)
        selection = yield from selected(order.spec, _dates(connection), order.cursor)
        pages = Pages(order.cursor, order.page_size)
        whole = _Whole(connection, databases, known)
        yield from pages.of(selection.of(whole.entries()))
        yield pages.last(whole.truncated)


def _dates(connection: sqlite3.Connection) -> Iterator[datetime]:
    for row in connection.execute(DATES):
        if date := moment(row["date"]):
            yield date


class _Whole:
    """Everything in the databases; knows afterwards whether it really was everything."""

    def __init__(self, connection: sqlite3.Connection, databases: Databases, known: Identities) -> None:
        self._connection = connection
        self._databases = databases
        self._known = known
        self.truncated: str | None = None

    def entries(self) -> Iterator[Entry]:
        """What can be read. They were checked, so that only a disk that fails meanwhile ends them early."""
        try:
            yield from self._all()
        except sqlite3.Error as error:
            self.truncated = f"The databases in {self._databases.folder} broke off: {error}. The rest was not read."

    def _all(self) -> Iterator[Entry]:
        yield from source_entries(self._connection, self._known)
        yield from message_entries(self._connection, self._known)
        yield from orphan_entries(self._connection)
        yield from topic_entries(self._connection, self._known)
