"""The process that reads one export. Parsing keeps a core busy; beside the event loop it would hold up everything else.

A page travels as JSON of its messages, which takes half the time of pickling them. The pipe holds less than a page, so the
reader is at most one page ahead.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tg_parser.contracts.messages import RejectedInput, TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.location import locate
from tg_parser.ingestor.adapters.desktop_json.pages import read_pages
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page, SourceEnd, SourceItem
from tg_parser.ingestor.ports import SourceRefused

PackedItem = ChannelSeen | RejectedInput | tuple[bytes, str]


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page as it crosses the pipe."""

    items: tuple[PackedItem, ...]
    cursor: int
    end: SourceEnd | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What crosses the pipe instead of a first page."""

    sentence: str


def serve(pipe: Connection, location: str, roots: Sequence[Path], cursor: int, page_size: int) -> None:
    """Send the pages of the export at `location` into `pipe`, as fast as they are taken."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # an interrupt of the terminal reaches every process; the parent decides
    try:
        for page in read_pages(locate(location, roots), cursor=cursor, page_size=page_size):
            pipe.send(pack(page))
    except SourceRefused as refused:
        pipe.send(Refusal(str(refused)))
    except BrokenPipeError:
        return  # the parent has lost interest


def pack(page: Page) -> PackedPage:
    """The page for the pipe."""
    return PackedPage(tuple(_pack(item) for item in page.items), page.cursor, page.end)


def unpack(packed: PackedPage) -> Page:
    """The page that was packed."""
    return Page(tuple(_unpack(item) for item in packed.items), packed.cursor, packed.end)


def _pack(item: SourceItem) -> PackedItem:
    if not isinstance(item, MessageSeen):
        return item
    message = item.message
    return message.__pydantic_serializer__.to_json(message, exclude_none=True), item.content_hash


def _unpack(item: PackedItem) -> SourceItem:
    if isinstance(item, tuple):
        return MessageSeen(TelegramMessage.model_validate_json(item[0]), item[1])
    return item
