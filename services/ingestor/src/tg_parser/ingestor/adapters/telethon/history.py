"""One chat's history, asked for in pieces: from an id upwards, and single ids at places of it.

Pieces may be short in the middle of a history, because Telegram leaves out what it may not show somewhere; and one message
of a kind this Telethon does not know makes a whole answer unreadable, so that it has to be found and stepped over.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from telethon.errors import TypeNotFoundError
from telethon.tl import functions, types

from tg_parser.ingestor.adapters.telethon.asking import Caller
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord
from tg_parser.ingestor.adapters.telethon.resolving import title_of
from tg_parser.ingestor.ports import SourceRefused

LARGEST: Final = 100  # messages; Telegram gives no more at once
SMALLER: Final = 4  # times, when an answer cannot be read
FARTHEST: Final = 1 << 31  # ids; nothing in the whole chat can be read then
MOST_SKIPPED: Final = 20  # messages in a row that cannot be read


@dataclass(frozen=True, slots=True)
class Unknown:
    """Messages of a kind nobody here knows, one or several with nothing readable between: the id of the last, and the kind."""

    message_id: int
    constructor: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some messages of a chat by rising id, everything from where was asked up to `last` (None: there is no more)."""

    messages: Sequence[Any]
    last: int | None
    users: Sequence[Any] = ()
    chats: Sequence[Any] = ()
    unknown: Unknown | None = None


@dataclass(slots=True)
class _Search:
    """Where the unreadable message is: not before `low`, before `high` if that is known."""

    at: int
    size: int
    low: int = 0
    high: int | None = None
    constructor: int = 0


@dataclass(slots=True)
class History:
    """Asks for pieces of a chat. A call that was interrupted by a flood goes on where it was when it is made again."""

    caller: Caller
    record: ChatRecord
    _search: _Search | None = None
    _whole: dict[int, Any] = field(default_factory=dict[int, Any])

    async def upwards(self, first: int, limit: int) -> Piece:
        """The messages from the id `first` on, at most `limit`."""
        search = self._search if self._search and self._search.at == first else _Search(first, min(limit, LARGEST))
        self._search = search
        while search.low == 0:
            try:
                piece = await self._from(first, search.size)
            except TypeNotFoundError as error:
                if search.size == 1:
                    search.low, search.constructor = first, error.invalid_constructor_id
                search.size = max(1, search.size // SMALLER)
            else:
                piece = await self._with_whole_texts(piece)
                self._search = None
                return piece
        await self._narrow(search)
        self._search = None
        return Piece((), search.low, unknown=Unknown(search.low, search.constructor))

    async def at(self, before: datetime | None, skipped: int, step: int) -> Piece:
        """The single message that has `skipped` newer ones sent before a moment; none if there are not so many.

        If it cannot be read, the one `step` further on is taken.
        """
        for attempt in range(MOST_SKIPPED):
            place = skipped + step * attempt
            if place < 0:
                return Piece((), None)
            with suppress(TypeNotFoundError):
                return await self._asked(before=before, add_offset=place, limit=1)
        raise self._unknown_everywhere()

    async def single(self, ids: Sequence[int]) -> Sequence[Any]:
        """The messages with these ids, at most a hundred; those that are gone or cannot be read are left out."""
        request: Any = functions.messages.GetMessagesRequest([types.InputMessageID(number) for number in ids])
        if not self.record.is_group:
            channel = types.InputChannel(self.record.number, self.record.access_hash)
            request = functions.channels.GetMessagesRequest(channel, request.id)
        try:
            answer = await self.caller(request, "getMessages", title_of(self.record))
        except TypeNotFoundError:
            if len(ids) == 1:
                return ()
            middle = len(ids) // 2
            return [*await self.single(ids[:middle]), *await self.single(ids[middle:])]
        return [message for message in answer.messages if not isinstance(message, types.MessageEmpty)]

    async def _from(self, first: int, limit: int) -> Piece:
        piece = await self._asked(offset_id=first, add_offset=-limit, limit=limit)
        messages = [message for message in piece.messages if message.id >= first]
        return replace(piece, messages=messages, last=messages[-1].id if messages else None)

    async def _asked(self, *, limit: int, add_offset: int, offset_id: int = 0, before: datetime | None = None) -> Piece:
        request = functions.messages.GetHistoryRequest(
            peer=self.record.peer(), offset_id=offset_id, offset_date=before, add_offset=add_offset, limit=limit,
            max_id=0, min_id=0, hash=0,
        )  # fmt: skip
        answer = await self.caller(request, "getHistory", title_of(self.record))
        messages = sorted(answer.messages, key=lambda message: message.id)
        return Piece(messages, messages[-1].id if messages else None, answer.users, answer.chats)

    async def _narrow(self, search: _Search) -> None:
        """Find the last of them: from its id on nothing can be read, from the next id on something can, or nothing is there."""
        while search.high is None or search.high - search.low > 1:
            width = 2 * (search.low - search.at) + 1
            middle = search.low + width if search.high is None else (search.low + search.high) // 2
            if middle > FARTHEST:
                raise self._unknown_everywhere()
            try:
                await self._from(middle, 1)
            except TypeNotFoundError:
                search.low = middle
            else:
                search.high = middle

    def _unknown_everywhere(self) -> SourceRefused:
        return SourceRefused(f"{title_of(self.record)} uses kinds of messages this version cannot read.", "unsupported")

    async def _with_whole_texts(self, piece: Piece) -> Piece:
        """Long rich messages come in part; the rest is asked for one by one."""
        partial = [
            message.id for message in piece.messages if getattr(getattr(message, "rich_message", None), "part", None)
        ]
        for number in partial:
            if number not in self._whole:
                request = functions.messages.GetRichMessageRequest(self.record.peer(), number)
                answer = await self.caller(request, "getMessages", title_of(self.record))
                self._whole |= {number: next(iter(answer.messages), None)}
        whole = {number: self._whole.pop(number) for number in partial}
        return replace(piece, messages=[whole.get(message.id) or message for message in piece.messages])
