"""What happened in a chat, numbered as clients count it: each event moves a log's pts (core.telegram.org/api/updates)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from telethon.tl import types

if TYPE_CHECKING:
    from tg_parser.testkit.datacentre.chats import Chat

What = Literal["new", "edited", "deleted"]


@dataclass(frozen=True, slots=True)
class Event:
    """Messages of a chat that came, changed or went. `pts`: where the log stands after it."""

    chat: Chat
    what: What
    ids: tuple[int, ...]
    pts: int

    @property
    def update(self) -> Any:
        """The event as it is pushed to clients."""
        return self._deleted() if self.what == "deleted" else self._shown()

    def _deleted(self) -> Any:
        if self.chat.kind == "group":
            return types.UpdateDeleteMessages(list(self.ids), self.pts, len(self.ids))
        return types.UpdateDeleteChannelMessages(self.chat.id, list(self.ids), self.pts, len(self.ids))

    def _shown(self) -> Any:
        kinds: dict[tuple[What, bool], Any] = {
            ("new", True): types.UpdateNewMessage,
            ("new", False): types.UpdateNewChannelMessage,
            ("edited", True): types.UpdateEditMessage,
            ("edited", False): types.UpdateEditChannelMessage,
        }
        kind = kinds[self.what, self.chat.kind == "group"]
        return kind(self.chat.shown(self.chat.messages[self.ids[0]]), self.pts, 1)


@dataclass(slots=True)
class EventLog:
    """The events of a channel, or of an account's basic groups."""

    pts: int = 1
    events: list[Event] = field(default_factory=list[Event])

    def add(self, chat: Chat, what: What, ids: Sequence[int]) -> Event:
        """Write down what happened to messages of `chat`."""
        self.pts += len(ids)
        event = Event(chat, what, tuple(ids), self.pts)
        self.events.append(event)
        return event

    def after(self, pts: int) -> list[Event]:
        """What a client that stands at `pts` has not heard of. What is gone by now is not told as having come or changed."""
        return [
            event
            for event in self.events
            if event.pts > pts and (event.what == "deleted" or event.ids[0] in event.chat.messages)
        ]
