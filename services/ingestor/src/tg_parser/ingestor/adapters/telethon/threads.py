"""Which messages of a discussion group are comments, and on what.

Telegram copies every post of a channel into its group, and comments are answers to the copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from telethon.tl import types

from tg_parser.contracts.ids import source_ref
from tg_parser.ingestor.adapters.telethon.history import History
from tg_parser.ingestor.coverage import Interval, holds, united

AT_ONCE: Final = 100  # ids of one call


@dataclass(slots=True)
class Threads:
    """The copies in one group of the posts of `channel_id`, as far as they have been come across."""

    channel_id: str
    history: History
    _posts: dict[int, str | None] = field(default_factory=dict[int, str | None])
    _read: tuple[Interval, ...] = ()

    async def learn(self, messages: Sequence[Any], stretch: Interval) -> None:
        """Find out about every thread these messages are in. `stretch`: they are all there is between its ends."""
        self._posts |= {message.id: post for message in messages if (post := self._copied(message))}
        self._read = united([*self._read, stretch])
        unsure = sorted({top for top in map(top_of, messages) if top and not self._known(top)})
        for begin in range(0, len(unsure), AT_ONCE):
            ids = unsure[begin : begin + AT_ONCE]
            found = {message.id: self._copied(message) for message in await self.history.single(ids)}
            self._posts |= {number: found.get(number) for number in ids}

    def roots(self, messages: Iterable[Any]) -> dict[int, str]:
        """The posts that those of the messages which are comments belong to, by their ids."""
        tops = {message.id: top_of(message) for message in messages}
        posts = {number: self._posts.get(top) for number, top in tops.items() if top}
        return {number: post for number, post in posts.items() if post}

    def copies(self, messages: Iterable[Any]) -> frozenset[int]:
        """Those of the messages that are copies of posts."""
        return frozenset(message.id for message in messages if self._copied(message))

    def _known(self, number: int) -> bool:
        return number in self._posts or holds(self._read, (number, number))

    def _copied(self, message: Any) -> str | None:
        """The post a message is the copy of. A person who forwards a post does not do it in the channel's name."""
        header = getattr(message, "fwd_from", None)
        sender = getattr(message, "from_id", None)
        if not header or not isinstance(sender, types.PeerChannel) or str(sender.channel_id) != self.channel_id:
            return None
        post = header.channel_post or header.saved_from_msg_id
        origin = header.from_id
        if not post or not isinstance(origin, types.PeerChannel) or str(origin.channel_id) != self.channel_id:
            return self._saved(header)
        return source_ref(self.channel_id, "post", post)

    def _saved(self, header: Any) -> str | None:
        """A post that was itself forwarded into the channel: the copy names its first origin, and the channel as the place."""
        place, post = header.saved_from_peer, header.saved_from_msg_id
        if not isinstance(place, types.PeerChannel) or str(place.channel_id) != self.channel_id or not post:
            return None
        return source_ref(self.channel_id, "post", post)


def top_of(message: Any) -> int | None:
    """The first message of the thread a message is in, if it is in one of the same chat that is no forum topic."""
    header = getattr(message, "reply_to", None)
    if not isinstance(header, types.MessageReplyHeader) or header.forum_topic or header.reply_to_peer_id:
        return None
    return header.reply_to_top_id or header.reply_to_msg_id
