"""Who asks, and which chat is meant."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.world import World


def signed_in(known: KnownKey) -> Account:
    """Whose key it is. Raises Refused if nobody is logged in with it."""
    if known.account is None:
        raise refusal("SESSION_PASSWORD_NEEDED" if known.half else "AUTH_KEY_UNREGISTERED")
    if known.account.banned:
        raise refusal("USER_DEACTIVATED_BAN")
    return known.account


def addressed(world: World, known: KnownKey, peer: Any) -> Chat:
    """The chat an account means, which it may read. Raises Refused."""
    account = signed_in(known)
    match peer:
        case types.InputPeerChannel(channel_id=number) | types.InputChannel(channel_id=number):
            chat = world.chats.get((False, number))
            if chat is None or peer.access_hash != account.hash_of(f"channel{number}"):
                raise refusal("CHANNEL_INVALID")
            if not chat.open_to(account):
                raise refusal("CHANNEL_PRIVATE")
        case types.InputPeerChat(chat_id=number):
            chat = group(world, account, number)
        case _:
            raise refusal("PEER_ID_INVALID")
    return chat


def group(world: World, account: Account, number: int) -> Chat:
    """The basic group with a number, of which an account is a member. Raises Refused."""
    chat = world.chats.get((True, number))
    if chat is None or account.id not in chat.members:
        raise refusal("PEER_ID_INVALID")
    return chat
