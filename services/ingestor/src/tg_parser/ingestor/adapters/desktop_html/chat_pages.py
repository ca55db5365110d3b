"""The pages of one chat's export as entries, one for each message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import chain
from typing import Final

from tg_parser.ingestor.adapters.desktop_html.context import Context, HtmlChat
from tg_parser.ingestor.adapters.desktop_html.files import PageFile
from tg_parser.ingestor.adapters.desktop_html.fragments import Fragment, Head, PageEnds, fragments
from tg_parser.ingestor.adapters.desktop_html.message import DIVIDERS, read_fragment
from tg_parser.ingestor.adapters.desktop_html.moments import Local, local_of
from tg_parser.ingestor.adapters.desktop_html.nodes import element_of, inner, name_in
from tg_parser.ingestor.adapters.exports.entries import Entry, Settled, chat_begins, rejected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.domain import ChannelSeen
from tg_parser.ingestor.ports import SourceRefused

Part = Head | Fragment | PageEnds

LONGEST_TITLE: Final = 256
MOST_AHEAD: Final = 10_000  # messages looked through for the first with a time
TITLE: Final = re.compile(r"""class=["'][^"']*\bdate\b[^"']*["']\s+title=["']([^"']+)["']""")
STYLE: Final = re.compile(r"""href=["']((?:\.\./)*)css/style\.css["']""")
NEXT: Final = re.compile(r"""class=["']pagination[^"']*["']\s+href=["'](messages\d+\.html)["'][^>]*>\s*Next""")
GAP: Final = Entry(None, passed_over=True)


@dataclass(slots=True)
class ChatPages:
    """Reads the pages of one chat, in order; knows afterwards what was missing."""

    channel_id: str
    files: Sequence[PageFile]
    zone: tzinfo | None
    faults: list[str] = field(default_factory=list[str])
    _settled: Settled = field(default_factory=Settled)
    _position: int = 0

    @property
    def truncated(self) -> str | None:
        """What is missing of the export, in sentences."""
        return " ".join(self.faults)[:1_000] or None

    def entries(self) -> Iterator[Entry]:
        """One entry for the chat and each message. Raises SourceRefused if these are no pages of an export."""
        parts: Iterator[Part] = chain.from_iterable(fragments(file.path) for file in self.files)
        ahead = self._looked_ahead(parts)
        head = next((part for part in ahead if isinstance(part, Head)), Head(""))
        local = next((found for part in ahead if isinstance(part, Fragment) and (found := _time_of(part))), None)
        chat = HtmlChat(self.channel_id, _title(head), self.zone)
        self._check(ahead, local, chat)
        yield chat_begins(ChannelSeen(chat.channel_id, chat.title, _kind(chat)), whole=self._whole())
        offset = int(local.offset.total_seconds() // 60) if local and local.offset is not None else None
        yield from self._messages(chain(ahead, parts), chat, Context(offset=offset))

    def _whole(self) -> bool:
        """A chat of an account's export may hold the owner's messages alone; one that was exported by itself holds all."""
        return self.files[0].path.parent.parent.name != "chats"

    def _looked_ahead(self, parts: Iterator[Part]) -> list[Part]:
        ahead: list[Part] = []
        for part in parts:
            ahead.append(part)
            if len(ahead) >= MOST_AHEAD or (isinstance(part, Fragment) and _time_of(part)):
                break
        return ahead

    def _check(self, ahead: Sequence[Part], local: Local | None, chat: HtmlChat) -> None:
        path = self.files[0].path
        if not any(isinstance(part, Fragment) for part in ahead):
            raise SourceRefused(f"{path} is no page of a Telegram Desktop export: it holds no messages.")
        if local is None:
            return
        try:
            local.moment(chat.zone)
        except Unreadable as unreadable:
            raise SourceRefused(f"{path} cannot be placed in time. {unreadable}") from unreadable

    def _messages(self, parts: Iterable[Part], chat: HtmlChat, context: Context) -> Iterator[Entry]:
        files = iter(self.files)
        file = self.files[0]
        promised: str | None = None
        for part in parts:
            if isinstance(part, Head):
                file = next(files)
                if file.missing:
                    self.faults.append(f"{', '.join(file.missing[:5])} of the export is missing.")
                    yield GAP
                context = replace(context, base=_base(part), author=None, via_bot=None, origin=None)
            elif isinstance(part, Fragment):
                found = NEXT.search(part.html)
                promised = found[1] if found else None
                entry, context = self._entry(part, chat, context)
                if entry:
                    yield entry
            elif part.cut_off:
                self.faults.append(f"{file.path} was cut off at byte {part.size:,}.")
                yield GAP
        if promised:
            self.faults.append(f"{promised} of the export is missing.")

    def _entry(self, part: Fragment, chat: HtmlChat, before: Context) -> tuple[Entry | None, Context]:
        if not part.whole:
            return None, before
        original = {"html": part.html, "context": before.members()}
        try:
            read = read_fragment(part.message_id, part.html, chat, before)
            if read.message is None:
                return None, read.context
            sender = read.context.author or ""
            entry = self._settled.message(read.message, self._position, sender, original)
        except Unreadable as unreadable:
            entry = rejected(chat.channel_id, part.message_id, self._position, str(unreadable), original)
            self._position += 1
            return entry, replace(before, author=None, via_bot=None, origin=None)
        self._position += 1
        return entry, read.context


def _time_of(part: Fragment) -> Local | None:
    found = TITLE.search(part.html) if part.message_id > 0 or part.message_id < DIVIDERS else None
    return local_of(found[1]) if found else None


def _title(head: Head) -> str:
    try:
        title = inner(element_of(head.html), "text")
    except Unreadable:
        return ""
    return name_in(title)[:LONGEST_TITLE] if title is not None else ""


def _base(head: Head) -> str:
    found = STYLE.search(head.html)
    return found[1] if found else ""


def _kind(chat: HtmlChat) -> str:
    if chat.channel_id.startswith("user"):
        return "personal_chat"
    return "private_group" if chat.channel_id.startswith("chat") else ""
