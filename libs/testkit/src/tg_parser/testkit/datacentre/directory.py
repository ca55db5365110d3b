"""Methods that find and describe chats and people: names, invitations, dialogs, details, topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import addressed, group, signed_in
from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.threads import thread
from tg_parser.testkit.datacentre.world import World


def directory(world: World) -> Methods:
    """The methods, over a world."""

    def resolve(known: KnownKey, request: Any) -> Any:
        account, owner = signed_in(known), world.named(request.username)
        if owner is None:
            raise refusal("USERNAME_NOT_OCCUPIED")
        if isinstance(owner, Account):
            return types.contacts.ResolvedPeer(types.PeerUser(owner.id), [], [owner.shown_to(account)])
        return types.contacts.ResolvedPeer(owner.peer, [owner.shown_to(account)], [])

    def users(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        return [account.shown_to(account) for one in request.id if isinstance(one, types.InputUserSelf)]

    def channels(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        return types.messages.Chats([addressed(world, known, one).shown_to(account) for one in request.id])

    def full_channel(known: KnownKey, request: Any) -> Any:
        chat = addressed(world, known, request.channel)
        listed = [one.shown_to(signed_in(known)) for one in (chat, chat.linked, chat.predecessor) if one]
        return types.messages.ChatFull(_full(chat), listed, [])

    def full_group(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        chat = group(world, account, request.chat_id)
        members: Any = [types.ChatParticipant(one, one, chat.born) for one in sorted(chat.members)]
        details = types.ChatFull(
            chat.id, "", types.ChatParticipants(chat.id, members, 1), types.PeerNotifySettings(),
            chat_photo=types.PhotoEmpty(0),
        )  # fmt: skip
        people = [world.accounts[one].shown_to(account) for one in sorted(chat.members)]
        listed = [one.shown_to(account) for one in (chat, chat.successor) if one]
        return types.messages.ChatFull(details, listed, people)

    def dialogs(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        own = [chat for chat in world.chats.values() if account.id in chat.members]
        newest = [chat.messages[max(chat.messages)] for chat in own if chat.messages]
        return types.messages.Dialogs(
            [dialog(chat) for chat in own], newest, [chat.shown_to(account) for chat in own], []
        )

    def topics(known: KnownKey, request: Any) -> Any:
        chat = addressed(world, known, request.peer)
        if not chat.forum:
            raise refusal("CHANNEL_FORUM_MISSING")
        found = [_topic(chat, number, title) for number, title in chat.topics.items()]
        return types.messages.ForumTopics(len(found), found, [], [chat.shown_to(signed_in(known))], [], chat.log.pts)

    return {
        functions.contacts.ResolveUsernameRequest: resolve,
        functions.users.GetUsersRequest: users,
        functions.channels.GetChannelsRequest: channels,
        functions.channels.GetFullChannelRequest: full_channel,
        functions.messages.GetFullChatRequest: full_group,
        functions.messages.GetDialogsRequest: dialogs,
        functions.messages.GetForumTopicsRequest: topics,
    }


def dialog(chat: Chat) -> Any:
    """A chat as it stands in the list of somebody's chats."""
    return types.Dialog(
        chat.peer, max(chat.messages, default=0), 0, 0, 0, 0, 0, 0, types.PeerNotifySettings(),
        pts=None if chat.kind == "group" else chat.log.pts,
    )  # fmt: skip


def _full(chat: Chat) -> Any:
    return types.ChannelFull(
        id=chat.id, about="", read_inbox_max_id=0, read_outbox_max_id=0, unread_count=0, chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(), bot_info=[], pts=chat.log.pts, participants_count=len(chat.members),
        migrated_from_chat_id=chat.predecessor.id if chat.predecessor else None,
        migrated_from_max_id=chat.predecessor_last or None,
        available_min_id=chat.visible_from - 1 or None,
        linked_chat_id=chat.linked.id if chat.linked else None,
    )  # fmt: skip


def _topic(chat: Chat, number: int, title: str) -> Any:
    messages: Sequence[Any] = thread(chat, number)
    newest = messages[0].id if messages else number
    return types.ForumTopic(
        number, chat.messages[number].date, chat.peer, title, 0, newest, 0, 0, 0, 0, 0, 0, chat.peer,
        types.PeerNotifySettings(),
    )  # fmt: skip
