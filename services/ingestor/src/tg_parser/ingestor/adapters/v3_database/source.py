"""`MessageSource` over the databases of TG_parser v2, v3.0 and v3.1."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.exports.process import PATIENCE, pages_of
from tg_parser.ingestor.adapters.exports.worker import Order
from tg_parser.ingestor.adapters.v3_database.message import PARSER_VERSION
from tg_parser.ingestor.adapters.v3_database.pages import read_databases
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import Start


@dataclass(frozen=True, slots=True)
class V3Databases:
    """Reads databases in folders inside one of `roots`, each three in a process of their own and always whole.

    An incremental reading too: v3 may have gone on meanwhile, anywhere in them.
    """

    roots: tuple[Path, ...]
    patience: float = PATIENCE

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """See the port."""
        return pages_of(read_databases, Order(spec, self.roots, start.cursor, page_size), self.patience)
