"""A chat of the data centre: what stands in it, who may read it, and how it is shown to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from telethon.tl import types

from tg_parser.testkit.datacentre.events import EventLog
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.unknown import Unknown

Kind = Literal["channel", "supergroup", "group"]
BORN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Chat:
    """A channel, a supergroup or a basic group ("group").

    `hidden`: ids that a history leaves out of its pages though they take room there; `unreadable`: ids whose messages are of
    a kind no client knows; `visible_from`: the first id members may see. `members` and `expelled` hold accounts' ids.
    """

    id: int
    title: str
    kind: Kind = "channel"
    username: str | None = None
    usernames: tuple[str, ...] = ()
    forum: bool = False
    protected: bool = False
    born: datetime = BORN
    visible_from: int = 1
    linked: Chat | None = None
    predecessor: Chat | None = None
    predecessor_last: int = 0
    successor: Chat | None = None
    changed_at: datetime = BORN
    members: set[int] = field(default_factory=set[int])
    expelled: set[int] = field(default_factory=set[int])
    hidden: set[int] = field(default_factory=set[int])
    unreadable: set[int] = field(default_factory=set[int])
    whole: dict[int, Any] = field(default_factory=dict[int, Any])
    """Rich messages that pages show in part, as they are in whole."""
    messages: dict[int, Any] = field(default_factory=dict[int, Any])
    topics: dict[int, str] = field(default_factory=dict[int, str])
    last_id: int = 0
    log: EventLog = field(default_factory=EventLog)

    @property
    def peer(self) -> Any:
        """How messages name it."""
        return types.PeerChat(self.id) if self.kind == "group" else types.PeerChannel(self.id)

    @property
    def names(self) -> list[str]:
        """The user names it goes by, in lower case."""
        return [name.lower() for name in (self.username, *self.usernames) if name]

    def open_to(self, account: Account) -> bool:
        """Whether an account may read it: members may, and anybody if it has a name, except those who were expelled."""
        return account.id in self.members or (bool(self.names) and account.id not in self.expelled)

    def visible(self) -> list[Any]:
        """What members may see, newest first."""
        return [self.messages[number] for number in sorted(self.messages, reverse=True) if number >= self.visible_from]

    def shown(self, message: Any) -> Any:
        """A message as answers and updates hold it."""
        return Unknown() if message.id in self.unreadable else message

    def address_for(self, account: Account) -> Any:
        """How an account addresses it as a channel."""
        return types.InputChannel(self.id, account.hash_of(f"channel{self.id}"))

    def shown_to(self, account: Account) -> Any:
        """The chat as Telegram shows it to an account."""
        if self.kind == "group":
            return self._as_group(account)
        if not self.open_to(account):
            return types.ChannelForbidden(self.id, account.hash_of(f"channel{self.id}"), self.title)
        return types.Channel(
            id=self.id, title=self.title, photo=types.ChatPhotoEmpty(), date=self.born, broadcast=self.kind == "channel",
            megagroup=self.kind == "supergroup", username=self.username, usernames=self._bought(), forum=self.forum,
            noforwards=self.protected, has_link=self.linked is not None, left=account.id not in self.members,
            access_hash=account.hash_of(f"channel{self.id}"), participants_count=len(self.members),
        )  # fmt: skip

    def senders(self, messages: Sequence[Any]) -> set[int]:
        """The ids of the people who wrote these messages."""
        found = (getattr(message, "from_id", None) for message in messages)
        return {sender.user_id for sender in found if isinstance(sender, types.PeerUser)}

    def _as_group(self, account: Account) -> Any:
        if account.id not in self.members:
            return types.ChatForbidden(self.id, self.title)
        return types.Chat(
            id=self.id, title=self.title, photo=types.ChatPhotoEmpty(), participants_count=len(self.members),
            date=self.born, version=1, deactivated=self.successor is not None, noforwards=self.protected,
            migrated_to=self.successor.address_for(account) if self.successor else None,
        )  # fmt: skip

    def _bought(self) -> Any:
        return [types.Username(name, active=True) for name in self.usernames] or None
