"""An export in pages of messages, and fragments that were kept read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from tg_parser.contracts.messages import SourceSpec, TelegramMessage
from tg_parser.ingestor.adapters.desktop_html.chat_pages import ChatPages
from tg_parser.ingestor.adapters.desktop_html.context import HtmlChat, context_of
from tg_parser.ingestor.adapters.desktop_html.files import PageFile, channel_id_of, page_files
from tg_parser.ingestor.adapters.desktop_html.fragments import BEGIN
from tg_parser.ingestor.adapters.desktop_html.message import read_fragment
from tg_parser.ingestor.adapters.exports.albums import with_albums
from tg_parser.ingestor.adapters.exports.paging import Pages
from tg_parser.ingestor.adapters.exports.selection import selected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.exports.worker import Order
from tg_parser.ingestor.adapters.exports.zones import zone_of
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page


def read_export(order: Order) -> Iterator[Page]:
    """The pages of the export an order names. Raises SourceRefused."""
    files = page_files(order.spec.location, order.roots)
    return read_pages(files, order.spec, zone_of(order.zone), cursor=order.cursor, page_size=order.page_size)


def read_pages(
    files: Sequence[PageFile], spec: SourceSpec, zone: tzinfo | None, *, cursor: int, page_size: int
) -> Iterator[Page]:
    """The pages after the first `cursor` messages, the last with its end. Raises SourceRefused if these are no pages."""
    channel_id = channel_id_of(spec)
    selection = yield from selected(spec, _dates(ChatPages(channel_id, files, zone)), cursor)
    chat = ChatPages(channel_id, files, zone)
    pages = Pages(cursor, page_size)
    yield from pages.of(selection.of(with_albums(chat.entries())))
    yield pages.last(chat.truncated)


def reparse(original: Any, channel: ChannelSeen, zone: tzinfo | None = None) -> TelegramMessage:
    """A fragment that was kept, read again. Raises Unreadable with a sentence that says why it is no message."""
    html = original["html"]
    begin = BEGIN.search(html.encode("utf-8", "surrogatepass"))
    if begin is None:
        raise Unreadable("It holds no message.")
    chat = HtmlChat(channel.channel_id, channel.title, zone)
    message = read_fragment(int(begin[1]), html, chat, context_of(original["context"])).message
    if message is None:
        raise Unreadable("It is a divider between two days.")
    return message


def _dates(chat: ChatPages) -> Iterator[datetime]:
    for entry in chat.entries():
        if isinstance(entry.item, MessageSeen):
            yield entry.item.message.date
