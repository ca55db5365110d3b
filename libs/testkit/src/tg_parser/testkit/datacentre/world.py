"""Everything there is on the data centre, and how it changes. Who has to hear of a change is told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from tg_parser.testkit.datacentre.chats import Chat, Kind
from tg_parser.testkit.datacentre.events import What
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.threads import in_thread, joined_by_comment, passed_on

Listener = Callable[[Account, Any, Sequence[Chat]], None]
"""Hears an update for an account, and which chats it is about."""


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True)
class World:
    """Accounts and chats. `too_long_after`: how many events a client may miss of a channel before it is not told them any more."""

    now: Callable[[], datetime] = _now
    too_long_after: int = 50
    accounts: dict[int, Account] = field(default_factory=dict[int, Account])
    chats: dict[tuple[bool, int], Chat] = field(default_factory=dict[tuple[bool, int], Chat])
    """By whether they are basic groups, and by id: groups and channels number themselves apart."""
    invitations: dict[str, Chat] = field(default_factory=dict[str, Chat])
    listeners: list[Listener] = field(default_factory=list[Listener])

    def account(self, number: int = 0, **members: Any) -> Account:
        """Somebody new."""
        account = Account(number or 700 + len(self.accounts), **members)
        self.accounts[account.id] = account
        return account

    def chat(
        self, title: str, kind: Kind = "channel", *, number: int = 0, of: Iterable[Account] = (), **members: Any
    ) -> Chat:
        """A new chat with the accounts in `of` as its members. `linked`: where a channel is discussed, which works both ways."""
        chat = Chat(number or 1001 + len(self.chats), title, kind, **members)
        chat.members |= {account.id for account in of}
        if chat.linked:
            chat.linked.linked = chat
        self.chats[kind == "group", chat.id] = chat
        return chat

    def invite(self, chat: Chat, secret: str) -> None:
        """Make an invitation to a chat."""
        self.invitations[secret] = chat

    def named(self, name: str) -> Chat | Account | None:
        """Who goes by a user name now."""
        everybody: list[Chat | Account] = [*self.chats.values(), *self.accounts.values()]
        return next((one for one in everybody if name.lower() in _names(one)), None)

    def rename(self, chat: Chat, username: str | None) -> None:
        """Give a chat another name, or none. Raises ValueError if somebody else goes by it."""
        owner = self.named(username) if username else None
        if owner not in (None, chat):
            raise ValueError(f"@{username} is taken.")
        chat.username = username
        self._tell(chat, types.UpdateChannel(chat.id))

    def post(
        self, chat: Chat, text: str = "", *, by: Account | None = None, at: datetime | None = None, **members: Any
    ) -> Any:
        """Write a message into a chat: in the chat's own name, or as somebody."""
        message = types.Message(
            id=self._next_id(chat), peer_id=chat.peer, message=text, date=at or self.now(),
            from_id=types.PeerUser(by.id) if by else None, post=chat.kind == "channel", **members,
        )  # fmt: skip
        group = chat.linked if chat.kind == "channel" else None
        if group:
            message.replies = types.MessageReplies(0, group.log.pts, comments=True, channel_id=group.id)
        self._add(chat, message)
        if group:
            self._add(group, passed_on(chat, message, self._next_id(group)))
        return message

    def fill(self, chat: Chat, count: int, **members: Any) -> list[Any]:
        """Write `count` messages."""
        return [self.post(chat, f"Запись {chat.last_id + 1}", **members) for _ in range(count)]

    def unreadable(self, chat: Chat) -> Any:
        """Write a message of a kind that no client knows."""
        chat.unreadable.add(chat.last_id + 1)
        return self.post(chat, "")

    def act(self, chat: Chat, action: Any, *, at: datetime | None = None, **members: Any) -> Any:
        """Write a service message."""
        message = types.MessageService(
            id=self._next_id(chat), peer_id=chat.peer, date=at or self.now(), action=action, **members
        )
        self._add(chat, message)
        return message

    def open_topic(self, chat: Chat, title: str) -> int:
        """Open a topic of a forum. Returns its id."""
        number = self.act(chat, types.MessageActionTopicCreate(title, 0)).id
        chat.topics[number] = title
        return number

    def comment(
        self, channel: Chat, post: int, text: str, by: Account, *, answers: int | None = None, **members: Any
    ) -> Any:
        """Comment on a post of a channel, or answer a comment (its id in the group). Raises LookupError if nobody can."""
        copy = joined_by_comment(channel, post)
        group = channel.linked
        assert group is not None
        comment = self.post(group, text, by=by, reply_to=in_thread(copy.id, answers), **members)
        replies = channel.messages[post].replies
        replies.replies, replies.max_id, replies.replies_pts = replies.replies + 1, comment.id, group.log.pts
        return comment

    def edit(self, chat: Chat, number: int, text: str | None = None, **members: Any) -> None:
        """Change a message."""
        message = chat.messages[number]
        changed = {"edit_date": self.now()} | ({} if text is None else {"message": text}) | members
        for name, value in changed.items():
            setattr(message, name, value)
        self._log(chat, "edited", [number])

    def delete(self, chat: Chat, *numbers: int) -> None:
        """Take messages away."""
        for number in numbers:
            del chat.messages[number]
        self._log(chat, "deleted", numbers)

    def join(self, chat: Chat, account: Account) -> None:
        """Make somebody a member."""
        chat.members.add(account.id)

    def expel(self, chat: Chat, account: Account) -> None:
        """Throw somebody out; a channel that has a name is closed to them as well."""
        chat.members.discard(account.id)
        chat.expelled.add(account.id)
        for listener in self.listeners if chat.kind != "group" else ():
            listener(account, types.UpdateChannel(chat.id), [chat])

    def migrate(self, group: Chat) -> Chat:
        """Turn a basic group into a supergroup, whose messages count from 1 again."""
        members = [self.accounts[number] for number in group.members]
        successor = self.chat(group.title, "supergroup", of=members)
        self.act(group, types.MessageActionChatMigrateTo(successor.id))
        group.successor = successor
        successor.predecessor, successor.predecessor_last = group, group.last_id
        self.act(successor, types.MessageActionChannelMigrateFrom(group.title, group.id))
        return successor

    def _next_id(self, chat: Chat) -> int:
        chat.last_id += 1
        return chat.last_id

    def _add(self, chat: Chat, message: Any) -> None:
        chat.messages[message.id] = message
        self._log(chat, "new", [message.id])

    def _log(self, chat: Chat, what: What, numbers: Sequence[int]) -> None:
        chat.changed_at = self.now()
        if chat.kind != "group":
            self._tell(chat, chat.log.add(chat, what, numbers).update)
            return
        event = chat.log.add(chat, what, numbers)
        for account in map(self.accounts.__getitem__, sorted(chat.members)):
            account.log.pts += len(numbers)
            account.log.events.append(replace(event, pts=account.log.pts))
            for listener in self.listeners:
                listener(account, account.log.events[-1].update, [chat])

    def _tell(self, chat: Chat, update: Any) -> None:
        for number in sorted(chat.members):
            for listener in self.listeners:
                listener(self.accounts[number], update, [chat])


def _names(one: Chat | Account) -> list[str]:
    return one.names if isinstance(one, Chat) else [one.username.lower()] if one.username else []
