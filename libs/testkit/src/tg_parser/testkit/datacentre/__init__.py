"""A small Telegram on a loopback port, for an unmodified Telethon to talk to over its real transport."""

from __future__ import annotations

from tg_parser.testkit.datacentre.chats import Chat
from tg_parser.testkit.datacentre.faults import Dropped, Late, Silent, Unreadable
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import flood, refusal, trouble
from tg_parser.testkit.datacentre.server import DataCentre, data_centre
from tg_parser.testkit.datacentre.world import World

__all__ = [
    "Account", "Chat", "DataCentre", "Dropped", "Late", "Silent", "Unreadable", "World", "data_centre", "flood",
    "refusal", "trouble",
]  # fmt: skip
