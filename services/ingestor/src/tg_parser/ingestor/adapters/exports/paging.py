"""An export cut into pages, beginning after a cursor: its messages, what they cover, and how they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tg_parser.contracts.messages import RejectedInput
from tg_parser.ingestor.adapters.exports.entries import Entry
from tg_parser.ingestor.adapters.exports.stretches import Stretches
from tg_parser.ingestor.domain import ChannelSeen, MessageSeen, Page, SourceEnd, SourceItem
from tg_parser.ingestor.originals import Original, pack

SIGN_OF_LIFE: Final = 20_000  # messages passed over between two empty pages while a reading looks for its place


class Pages:
    """Takes entries in order and gives pages of `size` messages, after the first `cursor` ones."""

    def __init__(self, cursor: int, size: int) -> None:
        self._begin = cursor
        self._size = size
        self._consumed = 0
        self._items: list[SourceItem] = []
        self._originals: list[Original] = []
        self._unnamed: ChannelSeen | None = None
        self._channel_ids: dict[str, None] = {}
        self._stretches = Stretches()

    def of(self, entries: Iterable[Entry]) -> Iterator[Page]:
        """The full pages; what is left over comes with `last`."""
        for entry in entries:
            if isinstance(entry.item, ChannelSeen):
                self._open(entry.item, whole=entry.whole)
                continue
            self._consumed += 1
            if self._consumed <= self._begin:
                self._pass(entry)
            else:
                self._add(entry)
            if page := self._cut():
                yield page

    def last(self, truncated: str | None) -> Page:
        """What is left, with the end. `truncated` is a sentence, if it is not the export's own."""
        self._name_channel()
        end = SourceEnd(tuple(self._channel_ids), truncated)
        return self._page(max(self._consumed, self._begin), end)

    def _open(self, channel: ChannelSeen, *, whole: bool) -> None:
        if self._consumed >= self._begin:
            self._name_channel()
        self._unnamed = channel
        self._stretches.open(channel.channel_id, whole=whole)

    def _pass(self, entry: Entry) -> None:
        """What an earlier attempt has told counts for what is covered, and is not told again."""
        self._follow(entry)
        if self._consumed == self._begin:
            self._stretches.taken()

    def _add(self, entry: Entry) -> None:
        self._name_channel()
        self._follow(entry)
        if entry.item:
            self._items.append(entry.item)
        if entry.original:
            self._originals.append(entry.original)

    def _follow(self, entry: Entry) -> None:
        item = entry.item
        if isinstance(item, MessageSeen):
            self._channel_ids[item.message.channel_id] = None
            self._stretches.shown(item.message.message_id)
        elif isinstance(item, RejectedInput):
            self._stretches.missed(item.message_id)
        elif entry.passed_over:
            self._stretches.broken()

    def _name_channel(self) -> None:
        """Put the open channel before its first item of this reading."""
        if self._unnamed:
            self._items.append(self._unnamed)
            self._unnamed = None

    def _cut(self) -> Page | None:
        done = self._consumed - self._begin
        if done < 0:
            return Page((), self._begin) if self._consumed % SIGN_OF_LIFE == 0 else None
        return self._page(self._consumed, None) if done and done % self._size == 0 else None

    def _page(self, cursor: int, end: SourceEnd | None) -> Page:
        originals = pack(self._originals) if self._originals else None
        page = Page(tuple(self._items), cursor, end, covered=self._stretches.taken(), originals=originals)
        self._items, self._originals = [], []
        return page
