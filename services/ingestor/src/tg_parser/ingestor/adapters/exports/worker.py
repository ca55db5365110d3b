"""The process that reads one export. Parsing keeps a core busy; beside the event loop it would hold up everything else.

A page travels as JSON of its messages, which takes half the time of pickling them. The pipe holds less than a page, so the
reader is at most one page ahead.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from tg_parser.contracts.documents import ImportedDocument
from tg_parser.contracts.messages import (
    Covered,
    MessageMetrics,
    RefusalCause,
    RejectedInput,
    SourceSpec,
    TelegramMessage,
)
from tg_parser.ingestor.domain import (
    ChannelSeen,
    FloodSeen,
    Inherited,
    MessageGone,
    MessageSeen,
    Page,
    SourceEnd,
    SourceItem,
)
from tg_parser.ingestor.ports import SourceRefused


@dataclass(frozen=True, slots=True)
class PackedMessage:
    """A message as it crosses the pipe: itself as JSON, and what a few sources know beside it as it is."""

    body: bytes
    content_hash: str
    metrics: MessageMetrics | None
    as_of: datetime | None
    document: ImportedDocument | None


PackedItem = ChannelSeen | RejectedInput | MessageGone | FloodSeen | Inherited | PackedMessage


@dataclass(frozen=True, slots=True)
class Order:
    """What to read: a source inside one of `roots`, after the first `cursor` messages of it.

    `zone`: the name of the time zone it was exported in, empty if that is unknown.
    """

    spec: SourceSpec
    roots: tuple[Path, ...]
    cursor: int
    page_size: int
    zone: str = ""


ReadExport = Callable[[Order], Iterator[Page]]
"""Reads an export where nothing else waits. A function of a module, so that another process can find it. Raises SourceRefused."""


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page as it crosses the pipe."""

    items: tuple[PackedItem, ...]
    cursor: int
    end: SourceEnd | None
    covered: tuple[tuple[str, int, int], ...]
    originals: bytes | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What crosses the pipe instead of a first page."""

    sentence: str
    cause: RefusalCause


def serve(pipe: Connection, read: ReadExport, order: Order) -> None:
    """Send the pages of an export into `pipe`, as fast as they are taken."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # an interrupt of the terminal reaches every process; the parent decides
    try:
        for page in read(order):
            pipe.send(pack(page))
    except SourceRefused as refused:
        pipe.send(Refusal(str(refused), refused.cause))
    except BrokenPipeError:
        return  # the parent has lost interest


def pack(page: Page) -> PackedPage:
    """The page for the pipe."""
    covered = tuple((stretch.channel_id, stretch.first, stretch.last) for stretch in page.covered)
    return PackedPage(tuple(_pack(item) for item in page.items), page.cursor, page.end, covered, page.originals)


def unpack(packed: PackedPage) -> Page:
    """The page that was packed."""
    covered = tuple(
        Covered(channel_id=channel_id, first=first, last=last) for channel_id, first, last in packed.covered
    )
    items = tuple(_unpack(item) for item in packed.items)
    return Page(items, packed.cursor, packed.end, covered=covered, originals=packed.originals)


def _pack(item: SourceItem) -> PackedItem:
    if not isinstance(item, MessageSeen):
        return item
    message = item.message
    body = message.__pydantic_serializer__.to_json(message, exclude_none=True)
    return PackedMessage(body, item.content_hash, item.metrics, item.as_of, item.document)


def _unpack(item: PackedItem) -> SourceItem:
    if isinstance(item, PackedMessage):
        message = TelegramMessage.model_validate_json(item.body)
        return MessageSeen(message, item.content_hash, item.metrics, item.as_of, item.document)
    return item
