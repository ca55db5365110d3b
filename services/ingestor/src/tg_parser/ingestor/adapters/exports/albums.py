"""Albums. Telegram Desktop exports no album ids, so items of one album are recognised by how they were sent.

Same sender in the same second, consecutive ids, all media of kinds that go together, at most ten, at most one caption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.exports.entries import Entry
from tg_parser.ingestor.domain import MessageSeen

MOST_ITEMS: Final = 10  # core.telegram.org/method/messages.sendMultiMedia
TOGETHER: Final = {"photo": "visual", "video": "visual", "file": "file", "audio": "audio"}


def with_albums(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same entries in the same order; items of an album share a `grouped_id`, `inferred:<id of the first>`.

    Looks ahead by no more than an album.
    """
    album: list[Entry] = []
    for entry in entries:
        if album and not _belongs(entry, album):
            yield from _grouped(album)
            album = []
        if _may_begin(entry):
            album.append(entry)
        else:
            yield entry
    yield from _grouped(album)


def _may_begin(entry: Entry) -> bool:
    item = entry.item
    return isinstance(item, MessageSeen) and item.message.kind in TOGETHER and item.message.grouped_id is None


def _belongs(entry: Entry, album: list[Entry]) -> bool:
    if not _may_begin(entry) or len(album) == MOST_ITEMS:
        return False
    last, this = _message(album[-1]), _message(entry)
    captions = sum(bool(_message(item).text) for item in album) + bool(this.text)
    return (
        captions <= 1
        and entry.sender == album[-1].sender
        and this.channel_id == last.channel_id
        and this.message_id == last.message_id + 1
        and this.date == last.date
        and TOGETHER[this.kind] == TOGETHER[last.kind]
        and _origin(this) == _origin(last)
    )


def _origin(message: TelegramMessage) -> tuple[str | None, str | None] | None:
    """Whence it was forwarded; the moment is told of the first of several in some exports."""
    origin = message.forwarded_from
    return (origin.name, origin.channel_id) if origin else None


def _grouped(album: list[Entry]) -> Iterator[Entry]:
    if len(album) < 2:
        yield from album
        return
    group = {"grouped_id": f"inferred:{_message(album[0]).message_id}", "grouped_inferred": True}
    for entry in album:
        item = MessageSeen(_message(entry).model_copy(update=group), _seen(entry).content_hash)
        yield replace(entry, item=item)


def _seen(entry: Entry) -> MessageSeen:
    if not isinstance(entry.item, MessageSeen):
        raise TypeError("Only messages are gathered in albums.")
    return entry.item


def _message(entry: Entry) -> TelegramMessage:
    return _seen(entry).message
