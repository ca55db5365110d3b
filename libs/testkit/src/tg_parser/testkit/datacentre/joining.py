"""Methods of becoming a member: of public chats, and by invitations."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import addressed, signed_in
from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.world import World


def joining(world: World) -> Methods:
    """The methods, over a world."""

    def join(known: KnownKey, request: Any) -> Any:
        return _joined(world, addressed(world, known, request.channel), signed_in(known))

    def leave(known: KnownKey, request: Any) -> Any:
        chat, account = addressed(world, known, request.channel), signed_in(known)
        if account.id not in chat.members:
            raise refusal("USER_NOT_PARTICIPANT")
        chat.members.discard(account.id)
        return _told(world, chat, account)

    def look_at(known: KnownKey, request: Any) -> Any:
        chat, account = _invited(world, request.hash), signed_in(known)
        if account.id in chat.members:
            return types.ChatInviteAlready(chat.shown_to(account))
        return types.ChatInvite(
            chat.title, types.PhotoEmpty(0), len(chat.members), 0, channel=chat.kind != "group",
            broadcast=chat.kind == "channel", megagroup=chat.kind == "supergroup",
        )  # fmt: skip

    def accept(known: KnownKey, request: Any) -> Any:
        chat, account = _invited(world, request.hash), signed_in(known)
        if account.id in chat.members:
            raise refusal("USER_ALREADY_PARTICIPANT")
        return _joined(world, chat, account)

    return {
        functions.channels.JoinChannelRequest: join,
        functions.channels.LeaveChannelRequest: leave,
        functions.messages.CheckChatInviteRequest: look_at,
        functions.messages.ImportChatInviteRequest: accept,
    }


def _invited(world: World, secret: str) -> Chat:
    chat = world.invitations.get(secret)
    if chat is None:
        raise refusal("INVITE_HASH_EXPIRED")
    return chat


def _joined(world: World, chat: Chat, account: Account) -> Any:
    world.join(chat, account)
    return types.messages.ChatInviteJoinResultOk(_told(world, chat, account))


def _told(world: World, chat: Chat, account: Account) -> Any:
    news: Any = [] if chat.kind == "group" else [types.UpdateChannel(chat.id)]
    return types.Updates(news, [], [chat.shown_to(account)], world.now(), 0)
