"""`MessageSource` over Telegram Desktop's HTML exports."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.desktop_html.message import PARSER_VERSION
from tg_parser.ingestor.adapters.desktop_html.pages import read_export
from tg_parser.ingestor.adapters.exports.process import PATIENCE, pages_of
from tg_parser.ingestor.adapters.exports.worker import Order
from tg_parser.ingestor.domain import Page
from tg_parser.ingestor.ports import Start


@dataclass(frozen=True, slots=True)
class DesktopHtmlExports:
    """Reads exports that lie inside one of `roots`, each in a process of its own and always whole.

    `zone` names the time zone they were made in. It is needed for exports of 2021 and before, whose times have no offset, and
    for exact times of later ones: the offset they have is that of standard time in summer too.
    """

    roots: tuple[Path, ...]
    zone: str = ""
    patience: float = PATIENCE

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """See the port."""
        return pages_of(read_export, Order(spec, self.roots, start.cursor, page_size, self.zone), self.patience)
