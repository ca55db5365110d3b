"""An export in pages: where a reading goes on, where it ends, and what is said of a file that is no export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tg_parser.ingestor.adapters.desktop_json.albums import with_albums
from tg_parser.ingestor.adapters.desktop_json.entries import Entries
from tg_parser.ingestor.adapters.desktop_json.outline import ChatBegins, Damaged, Row, outline
from tg_parser.ingestor.adapters.desktop_json.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen, Page, SourceEnd, SourceItem
from tg_parser.ingestor.ports import SourceRefused

SIGN_OF_LIFE: Final = 20_000  # messages passed over between two empty pages while a reading looks for its place


def read_pages(path: Path, *, cursor: int, page_size: int) -> Iterator[Page]:
    """The pages after the first `cursor` messages, the last with its end.

    Raises SourceRefused if there is no chat in the file.
    """
    export = _Export(path)
    pages = _Pages(cursor, page_size)
    try:
        for entry in with_albums(export.entries.of(export.parts())):
            page = pages.add(entry.item)
            if page:
                yield page
    except Unreadable as unreadable:
        raise SourceRefused(f"{path} is JSON, but no Telegram Desktop export. {unreadable}") from unreadable
    yield pages.last(SourceEnd(export.entries.channel_ids, export.truncated))


class _Export:
    """A file being read; knows afterwards how it ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries = Entries()
        self.truncated: str | None = None

    def parts(self) -> Iterator[ChatBegins | Row]:
        chats = messages = 0
        try:
            for part in outline(self._path):
                chats += isinstance(part, ChatBegins)
                messages += isinstance(part, Row)
                yield part
        except Damaged as damaged:
            if not chats:
                raise SourceRefused(_no_json(self._path, damaged)) from damaged
            self.truncated = _breaks_off(self._path, damaged, messages)
        except OSError as error:
            if chats:
                raise  # it could be read a moment ago: not a refusal
            raise SourceRefused(f"{self._path} cannot be read: {error.strerror}.") from error
        if not chats:
            raise SourceRefused(
                f"{self._path} is JSON, but no Telegram Desktop export: it holds no chat with messages."
            )


class _Pages:
    """Cuts entries into pages, beginning after a cursor."""

    def __init__(self, cursor: int, page_size: int) -> None:
        self._begin = cursor
        self._size = page_size
        self._consumed = 0
        self._items: list[SourceItem] = []
        self._channel: ChannelSeen | None = None

    def add(self, item: SourceItem | None) -> Page | None:
        """Take the next entry; returns a page when one is full."""
        if isinstance(item, ChannelSeen):
            self._open_channel(item)
            return None
        self._consumed += 1
        if self._consumed <= self._begin:
            return Page((), self._begin) if self._consumed % SIGN_OF_LIFE == 0 else None
        self._introduce()
        if item:
            self._items.append(item)
        return self._cut() if (self._consumed - self._begin) % self._size == 0 else None

    def last(self, end: SourceEnd) -> Page:
        """What is left, with the end."""
        self._introduce()
        return Page(tuple(self._items), max(self._consumed, self._begin), end)

    def _open_channel(self, channel: ChannelSeen) -> None:
        if self._consumed >= self._begin:
            self._introduce()
        self._channel = channel

    def _introduce(self) -> None:
        """Put the open channel before its first item of this reading."""
        if self._channel:
            self._items.append(self._channel)
            self._channel = None

    def _cut(self) -> Page:
        page = Page(tuple(self._items), self._consumed)
        self._items = []
        return page


def _no_json(path: Path, damaged: Damaged) -> str:
    with path.open("rb") as file:
        begin = file.read(64).lstrip()
    if begin.startswith(b"<"):
        return f"{path} is an HTML page. Export the chat again, in the format “Machine-readable JSON”."
    if not begin.startswith((b"{", b"\xef\xbb\xbf")):
        return f"{path} is not JSON: {damaged}."
    return f"{path} cannot be read as JSON: {damaged} near byte {damaged.offset:,}, before any message."


def _breaks_off(path: Path, damaged: Damaged, messages: int) -> str:
    if damaged.ends:
        return f"{path} was cut off at byte {damaged.offset:,}, after {messages:,} whole messages."
    return f"{path} is damaged near byte {damaged.offset:,}, after {messages:,} whole messages: {damaged}. The rest was not read."
