"""Who has an account with the data centre: how they sign in, and how they address everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import shake_256
from typing import Any

from telethon.tl import types

from tg_parser.testkit.datacentre.events import EventLog


@dataclass(slots=True, eq=False)
class Account:
    """A person with an account. `password`: the second factor, None without one; `log`: what happened in basic groups."""

    id: int
    name: str = "Reader"
    phone: str = ""
    code: str = "12345"
    password: str | None = None
    username: str | None = None
    banned: bool = False
    log: EventLog = field(default_factory=EventLog)

    def __post_init__(self) -> None:
        self.phone = self.phone or f"99966{self.id:05d}"

    def hash_of(self, peer: str) -> int:
        """The access hash this account knows a peer by; another account's is worth nothing to it."""
        digest = shake_256(f"{peer} as {self.id} knows it".encode()).digest(8)
        return int.from_bytes(digest, signed=True)

    def shown_to(self, viewer: Account | None) -> Any:
        """The account as Telegram shows it to `viewer`; None: to nobody in particular."""
        own = viewer is self
        return types.User(
            id=self.id, is_self=own or None, first_name=self.name, username=self.username,
            phone=self.phone if own else None, access_hash=viewer.hash_of(f"user{self.id}") if viewer else 0,
        )  # fmt: skip
