"""Ids that come twice in one chat: the first message is kept, an equal one is ignored, a different one is rejected."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Literal

Finding = Literal["new", "same", "different"]


class SeenIds:
    """The ids of one chat with a digest of each message: sixteen bytes a message while ids ascend, as they do in exports."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._digests = array("Q")
        self._late: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def add(self, message_id: int, content_hash: str) -> Finding:
        """What this message is to the ones before it."""
        digest = int(content_hash[:16], 16)
        if not self._ids or message_id > self._ids[-1]:
            self._ids.append(message_id)
            self._digests.append(digest)
            return "new"
        first = self._find(message_id)
        if first is None:
            self._late[message_id] = digest
            return "new"
        return "same" if first == digest else "different"

    def _find(self, message_id: int) -> int | None:
        index = bisect_left(self._ids, message_id)
        return self._digests[index] if self._ids[index] == message_id else self._late.get(message_id)
