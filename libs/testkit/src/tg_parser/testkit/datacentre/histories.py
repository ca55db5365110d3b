"""Methods that show messages: pages of histories and of threads, and single ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import addressed, signed_in
from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods
from tg_parser.testkit.datacentre.paging import LARGEST, window
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.threads import copy_of, thread
from tg_parser.testkit.datacentre.world import World


def histories(world: World) -> Methods:
    """The methods, over a world."""

    def history(known: KnownKey, request: Any) -> Any:
        chat = addressed(world, known, request.peer)
        return page(world, known, chat, window(chat.visible(), request), len(chat.messages))

    def replies(known: KnownKey, request: Any) -> Any:
        chat, top = addressed(world, known, request.peer), request.msg_id
        if chat.kind == "channel":
            copy = copy_of(chat, top)
            if copy is None or chat.linked is None:
                raise refusal("MSG_ID_INVALID")
            chat, top = chat.linked, copy.id
        elif top not in chat.messages:
            raise refusal("MSG_ID_INVALID")
        found = thread(chat, top)
        return page(world, known, chat, window(found, request), len(found))

    def single(known: KnownKey, request: Any) -> Any:
        chat = addressed(world, known, request.channel)
        return page(world, known, chat, _named(chat, request.id), len(request.id))

    def single_of_groups(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        groups = [chat for chat in world.chats.values() if chat.kind == "group" and account.id in chat.members]
        numbers = [entry.id for entry in request.id]
        found = [chat.messages[number] for chat in groups for number in numbers if number in chat.messages]
        return types.messages.Messages(found, [], [chat.shown_to(account) for chat in groups], [])

    def whole(known: KnownKey, request: Any) -> Any:
        chat = addressed(world, known, request.peer)
        message = chat.whole.get(request.id) or chat.messages.get(request.id)
        if message is None:
            raise refusal("MSG_ID_INVALID")
        return page(world, known, chat, [message], 1)

    return {
        functions.messages.GetHistoryRequest: history,
        functions.messages.GetRepliesRequest: replies,
        functions.channels.GetMessagesRequest: single,
        functions.messages.GetMessagesRequest: single_of_groups,
        functions.messages.GetRichMessageRequest: whole,
    }


def page(world: World, known: KnownKey, chat: Chat, found: Sequence[Any], count: int) -> Any:
    """Messages of a chat, and beside them whom they speak of."""
    account = signed_in(known)
    users = [world.accounts[number].shown_to(account) for number in sorted(chat.senders(found))]
    chats = [one.shown_to(account) for one in (chat, chat.linked) if one]
    shown = [chat.shown(message) for message in found if message.id not in chat.hidden]
    if chat.kind == "group":
        return types.messages.MessagesSlice(count, shown, [], chats, users)
    return types.messages.ChannelMessages(chat.log.pts, count, shown, [], chats, users)


def _named(chat: Chat, entries: Sequence[Any]) -> list[Any]:
    if len(entries) > LARGEST:
        raise refusal("MESSAGE_IDS_INVALID")
    numbers = [entry.id for entry in entries]
    return [chat.messages.get(number) or types.MessageEmpty(number, chat.peer) for number in numbers]
