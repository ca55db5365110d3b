"""Which ids of its chats an export has shown, page by page. Pure.

An export, whole or of some days, holds everything there was between its first message and its last, so that what is in between is
read, gaps and all. It never says that a message is gone: what it does not show may not have been asked for.
"""

from __future__ import annotations

from tg_parser.contracts.messages import Covered


class Stretches:
    """Follows the ids of one chat at a time as they ascend, as they do in exports; claims nothing once they do not.

    `whole` False: nothing is claimed. Ids below one are no ids of this chat but of the basic group it grew out of.
    """

    def __init__(self) -> None:
        self._channel_id = ""
        self._claims = False
        self._highest = 0
        self._first = 0
        self._found: list[Covered] = []

    def open(self, channel_id: str, *, whole: bool) -> None:
        """A chat begins."""
        self.broken()
        self._channel_id, self._claims, self._highest, self._first = channel_id, whole, 0, 0

    def shown(self, message_id: int) -> None:
        """A message was read."""
        if message_id < 1:
            return
        if message_id <= self._highest:
            self.broken()
            self._claims = False
        self._first = self._first or message_id
        self._highest = message_id

    def missed(self, message_id: int | None) -> None:
        """A message was there and could not be read: it is not covered. `message_id` None: nobody knows which."""
        if message_id is None:
            self.broken()
        elif message_id > self._highest:
            self._close(message_id - 1)
            self._first, self._highest = message_id + 1, message_id

    def broken(self) -> None:
        """What comes next is not joined to what came before."""
        self._close(self._highest)
        self._first = 0

    def taken(self) -> tuple[Covered, ...]:
        """What has come to be covered since this was last asked."""
        if self._first:
            self._close(self._highest)
            self._first = self._highest + 1
        found, self._found = tuple(self._found), []
        return found

    def _close(self, last: int) -> None:
        if self._claims and 0 < self._first <= last:
            self._found.append(Covered(channel_id=self._channel_id, first=self._first, last=last))
