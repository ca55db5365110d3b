"""Something that no client knows: newer layers of Telegram's schema send such things to older clients."""

from __future__ import annotations

import struct
from typing import Any

from telethon.tl import TLObject

CONSTRUCTOR = 0xDEADBEEF


class Unknown(TLObject):
    """An object with a constructor that is in no schema."""

    CONSTRUCTOR_ID = CONSTRUCTOR

    def _bytes(self) -> bytes:
        return struct.pack("<Ii", CONSTRUCTOR, 0)

    def to_dict(self) -> dict[str, Any]:
        """As Telethon's objects show themselves."""
        return {"_": "Unknown"}
