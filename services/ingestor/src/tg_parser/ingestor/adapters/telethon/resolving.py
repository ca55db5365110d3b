"""From what somebody wrote to a chat that can be read: resolved once, looked at in detail once a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from telethon.tl import functions, types

from tg_parser.chassis.clock import Clock
from tg_parser.ingestor.adapters.telethon.asking import Caller, ChatStore
from tg_parser.ingestor.adapters.telethon.chats import ChatRecord, record_of, successor_of, with_details
from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, dumped, part
from tg_parser.ingestor.adapters.telethon.location import Invited, Named, Numbered
from tg_parser.ingestor.adapters.telethon.people import identity
from tg_parser.ingestor.ports import SourceRefused

FRESH: Final = 86_400.0  # seconds for which a chat's details are believed
DIALOGS: Final = 100  # chats an account used last: as many as one call tells


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds chats as one account addresses them. `verified`: names whose owner was looked up lately, and when."""

    caller: Caller
    chats: ChatStore
    clock: Clock
    verified: dict[str, float] = field(default_factory=dict[str, float])

    async def resolve(self, place: Named | Numbered | Invited) -> ChatRecord:
        """The chat. Raises SourceRefused with a sentence if there is none to be read."""
        match place:
            case Named(name):
                return await self._by_name(name)
            case Invited(invitation):
                return await self._by_invitation(invitation)
            case Numbered(channel_id):
                return await self._by_number(channel_id)

    async def detailed(self, record: ChatRecord) -> ChatRecord:
        """The record with details that are at most a day old."""
        if self.clock().timestamp() - record.full_at < FRESH:
            return record
        answer = dumped(await self.caller(_details(record), "getFullChannel", title_of(record)))
        listed = {chat.channel_id: chat for chat in await self.keep_all(answer.get("chats", ()))}
        record = with_details(
            listed.get(record.channel_id, record), part(answer, "full_chat"), self.clock().timestamp()
        )
        await self.chats.keep(self.caller.account, record)
        return record

    async def successor(self, record: ChatRecord) -> ChatRecord | None:
        """The supergroup that a basic group has become, if it has."""
        answer = dumped(await self.caller(_details(record), "getFullChannel", title_of(record)))
        groups = [chat for chat in answer.get("chats", ()) if identity(chat) == record.channel_id]
        moved = next(filter(None, map(successor_of, groups)), None)
        if moved is None:
            return None
        known = await self.chats.find(self.caller.account, moved.channel_id) or moved
        await self.chats.keep(self.caller.account, known)
        return known

    async def verify(self, name: str, record: ChatRecord) -> None:
        """Make sure that a chat which does not use `name` any more has only been renamed.

        Raises SourceRefused if the name is somebody else's by now: whose posts are wanted, a person has to say.
        """
        now = self.clock().timestamp()
        if now - self.verified.get(name, 0.0) < FRESH:
            return
        try:
            owner = await self._asked_by_name(name)
        except SourceRefused as nobody:
            if nobody.cause != "not_found":
                raise
        else:
            if owner.channel_id != record.channel_id:
                raise SourceRefused(
                    f"The name @{name} belongs to another chat now ({title_of(owner)}). The one read until now is "
                    f"{title_of(record)} with the id {record.channel_id}: name it by its id to go on reading it.",
                    "identity_changed",
                )
        self.verified[name] = now

    async def keep_all(self, listed: Iterable[Dump]) -> list[ChatRecord]:
        """Remember the chats an answer lists, and return those that can be read."""
        kept: list[ChatRecord] = []
        for chat in listed:
            channel_id = identity(chat)
            known = await self.chats.find(self.caller.account, channel_id) if channel_id else None
            record = record_of(chat, known)
            if record and (record.access_hash or record.is_group):
                kept.append(record)
                if record != known:
                    await self.chats.keep(self.caller.account, record)
        return kept

    async def _by_name(self, name: str) -> ChatRecord:
        channel_id = await self.chats.named(self.caller.account, name)
        known = await self.chats.find(self.caller.account, channel_id) if channel_id else None
        if known:
            return known
        record = await self._asked_by_name(name)
        await self.chats.keep_name(self.caller.account, name, record.channel_id)
        return record

    async def _asked_by_name(self, name: str) -> ChatRecord:
        answer = dumped(
            await self.caller(functions.contacts.ResolveUsernameRequest(name), "resolveUsername", f"@{name}")
        )
        peer = part(answer, "peer")
        kept = await self.keep_all(answer.get("chats", ()))
        found = [chat for chat in kept if constructor(peer) == "PeerChannel" and chat.number == peer["channel_id"]]
        if not found:
            raise SourceRefused(f"@{name} is a person or a bot, not a channel or a group.", "unsupported")
        return found[0]

    async def _by_invitation(self, invitation: str) -> ChatRecord:
        name = f"+{invitation}"
        channel_id = await self.chats.named(self.caller.account, name)
        known = await self.chats.find(self.caller.account, channel_id) if channel_id else None
        if known:
            return known
        request = functions.messages.CheckChatInviteRequest(invitation)
        answer = dumped(await self.caller(request, "resolveUsername", name))
        kept = await self.keep_all([part(answer, "chat")])
        if not kept:
            title = answer.get("title") or name
            raise SourceRefused(
                f"The account {self.caller.account} is no member of {title!r}: join it with a Telegram app first.",
                "private",
            )
        await self.chats.keep_name(self.caller.account, name, kept[0].channel_id)
        return kept[0]

    async def _by_number(self, channel_id: str) -> ChatRecord:
        known = await self.chats.find(self.caller.account, channel_id)
        if known or channel_id.startswith("chat"):
            return known or ChatRecord(channel_id=channel_id, channel_type="private_group")
        request = functions.messages.GetDialogsRequest(
            offset_date=None, offset_id=0, offset_peer=types.InputPeerEmpty(), limit=DIALOGS, hash=0
        )
        answer = dumped(await self.caller(request, "getDialogs", f"the chats of {self.caller.account}"))
        for chat in await self.keep_all(answer.get("chats", ())):
            if chat.channel_id == channel_id:
                return chat
        raise SourceRefused(
            f"The chat {channel_id} is not among the {DIALOGS} the account {self.caller.account} used last. "
            "Name it by its user name or by an invite link.",
            "not_found",
        )


def title_of(record: ChatRecord) -> str:
    """What a person knows a chat by."""
    name = f"@{record.username}" if record.username else f"the chat {record.channel_id}"
    return f"{name} ({record.title})" if record.title else name


def _details(record: ChatRecord) -> Any:
    if record.is_group:
        return functions.messages.GetFullChatRequest(record.number)
    return functions.channels.GetFullChannelRequest(types.InputChannel(record.number, record.access_hash))
