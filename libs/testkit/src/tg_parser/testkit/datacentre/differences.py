"""Methods by which a client catches up with what it has not heard (core.telegram.org/api/updates#recovering-gaps)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import addressed, signed_in
from tg_parser.testkit.datacentre.directory import dialog
from tg_parser.testkit.datacentre.events import Event
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal
from tg_parser.testkit.datacentre.world import World

PAUSE = 60  # seconds a client is told to wait between looks at a channel


def differences(world: World) -> Methods:
    """The methods, over a world."""

    def state(known: KnownKey, request: Any) -> Any:
        return _state(world, signed_in(known))

    def difference(known: KnownKey, request: Any) -> Any:
        account = signed_in(known)
        missed = account.log.after(request.pts)
        changed = _changed(world, account, request.date)
        if not missed and not changed:
            return types.updates.DifferenceEmpty(world.now(), 1)
        chats = {id(event.chat): event.chat.shown_to(account) for event in missed}
        new, other = _split(missed)
        return types.updates.Difference(new, [], [*other, *changed], list(chats.values()), [], _state(world, account))

    def of_channel(known: KnownKey, request: Any) -> Any:
        account, chat = signed_in(known), addressed(world, known, request.channel)
        if request.pts < 1:
            raise refusal("PERSISTENT_TIMESTAMP_EMPTY")
        missed = chat.log.after(request.pts)
        shown = [chat.shown_to(account)]
        if not missed:
            return types.updates.ChannelDifferenceEmpty(chat.log.pts, final=True, timeout=PAUSE)
        if len(missed) > world.too_long_after:
            newest = [chat.shown(message) for message in chat.visible()[: request.limit]]
            return types.updates.ChannelDifferenceTooLong(dialog(chat), newest, shown, [], final=True, timeout=PAUSE)
        told = missed[: request.limit]
        new, other = _split(told)
        final = len(told) == len(missed)
        return types.updates.ChannelDifference(
            chat.log.pts if final else told[-1].pts, new, other, shown, [], final=final, timeout=PAUSE
        )

    return {
        functions.updates.GetStateRequest: state,
        functions.updates.GetDifferenceRequest: difference,
        functions.updates.GetChannelDifferenceRequest: of_channel,
    }


def _state(world: World, account: Account) -> Any:
    return types.updates.State(account.log.pts, 0, world.now(), 1, 0)


def _changed(world: World, account: Account, since: datetime | None) -> list[Any]:
    """Which channels have changed: what has, a client has to ask each of them."""
    channels = (chat for chat in world.chats.values() if chat.kind != "group" and account.id in chat.members)
    return [
        types.UpdateChannelTooLong(chat.id, chat.log.pts)
        for chat in channels
        if since is None or chat.changed_at >= since
    ]


def _split(missed: Sequence[Event]) -> tuple[list[Any], list[Any]]:
    """New messages, and everything else."""
    new = [event.chat.shown(event.chat.messages[event.ids[0]]) for event in missed if event.what == "new"]
    return new, [event.update for event in missed if event.what != "new"]
