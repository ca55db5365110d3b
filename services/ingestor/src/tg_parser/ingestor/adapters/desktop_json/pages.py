"""An export in pages: what of it is read, where it ends, and what is said of a file that is no export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tg_parser.contracts.messages import SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.chat_rows import entries_of
from tg_parser.ingestor.adapters.desktop_json.chats import Chat
from tg_parser.ingestor.adapters.desktop_json.message import message_of, moment
from tg_parser.ingestor.adapters.desktop_json.outline import ChatBegins, Damaged, Row, outline
from tg_parser.ingestor.adapters.exports.albums import with_albums
from tg_parser.ingestor.adapters.exports.location import locate
from tg_parser.ingestor.adapters.exports.paging import Pages
from tg_parser.ingestor.adapters.exports.selection import selected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.exports.worker import Order
from tg_parser.ingestor.domain import ChannelSeen, Page
from tg_parser.ingestor.ports import SourceRefused

FILES: Final = ("result.json",)


def read_export(order: Order) -> Iterator[Page]:
    """The pages of the export an order names. Raises SourceRefused."""
    path = locate(order.spec.location, order.roots, FILES)
    return read_pages(path, order.spec, cursor=order.cursor, page_size=order.page_size)


def read_pages(path: Path, spec: SourceSpec, *, cursor: int, page_size: int) -> Iterator[Page]:
    """The pages after the first `cursor` messages, the last with its end.

    Raises SourceRefused if there is no chat in the file.
    """
    selection = yield from selected(spec, _dates(path), cursor)
    export = _Export(path)
    pages = Pages(cursor, page_size)
    try:
        yield from pages.of(selection.of(with_albums(entries_of(export.parts()))))
    except Unreadable as unreadable:
        raise SourceRefused(f"{path} is JSON, but no Telegram Desktop export. {unreadable}") from unreadable
    yield pages.last(export.truncated)


def reparse(original: Any, channel: ChannelSeen) -> TelegramMessage:
    """A row of an export that was kept, read again. Raises Unreadable with a sentence that says why it is no message."""
    return message_of(original, Chat(channel.channel_id, channel.title, channel.channel_type))


def _dates(path: Path) -> Iterator[datetime]:
    for part in _Export(path).parts():
        if isinstance(part, Row) and isinstance(part.value, dict):
            date = moment(part.value.get("date_unixtime"))
            if date is not None:
                yield date


class _Export:
    """A file being read; knows afterwards how it ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
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


def _no_json(path: Path, damaged: Damaged) -> str:
    with path.open("rb") as file:
        begin = file.read(64).lstrip()
    if begin.startswith(b"<"):
        return (
            f"{path} is an HTML page. Read it as the kind td_html, or export the chat again, in the format "
            "“Machine-readable JSON”, which holds more."
        )
    if not begin.startswith((b"{", b"\xef\xbb\xbf")):
        return f"{path} is not JSON: {damaged}."
    return f"{path} cannot be read as JSON: {damaged} near byte {damaged.offset:,}, before any message."


def _breaks_off(path: Path, damaged: Damaged, messages: int) -> str:
    if damaged.ends:
        return f"{path} was cut off at byte {damaged.offset:,}, after {messages:,} whole messages."
    return f"{path} is damaged near byte {damaged.offset:,}, after {messages:,} whole messages: {damaged}. The rest was not read."
