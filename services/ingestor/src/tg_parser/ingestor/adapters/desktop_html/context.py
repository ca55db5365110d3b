"""What a message of a page takes from the ones before it: a page says things once and leaves them out as long as they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from tg_parser.ingestor.adapters.desktop_html.moments import Local
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class HtmlChat:
    """The chat of an export. A page does not tell its id, nor what kind of chat it is. `zone`: where it was exported, if known."""

    channel_id: str
    title: str
    zone: tzinfo | None = None

    @property
    def speaks_for_itself(self) -> bool:
        """Whether messages under the chat's own name are the chat's, and not those of the person of that name."""
        return not self.channel_id.startswith("user")


@dataclass(frozen=True, slots=True)
class Context:
    """What came before a message.

    `author`, `via_bot` and `origin` are those of the message before, which a joined one leaves out. `day`: the last divider
    between days. `last`: when the last message with a time was sent, `offset` the minutes written beside it. `base`: what leads
    from the page to the export's own folder.
    """

    base: str = ""
    author: str | None = None
    via_bot: str | None = None
    origin: str | None = None
    day: date | None = None
    last: datetime | None = None
    offset: int | None = None

    def service_date(self, zone: tzinfo | None) -> datetime:
        """When something happened that a page gives no time of: no earlier than its day, and than the message before it.

        Raises Unreadable if that cannot be told.
        """
        if self.day is None:
            if self.last is None:
                raise Unreadable("It has no date.")
            return self.last
        offset = None if self.offset is None else timedelta(minutes=self.offset)
        midnight = Local(datetime.combine(self.day, time()), offset).moment(zone)
        return max(midnight, self.last) if self.last else midnight

    def members(self) -> dict[str, Any]:
        """As JSON has it; see `context_of`."""
        found = {
            "base": self.base,
            "author": self.author,
            "via_bot": self.via_bot,
            "origin": self.origin,
            "day": self.day.isoformat() if self.day else None,
            "last": int(self.last.timestamp()) if self.last else None,
            "offset": self.offset,
        }
        return {name: value for name, value in found.items() if value not in {None, ""}}


def context_of(members: dict[str, Any]) -> Context:
    """The context with these members."""
    day, last = members.get("day"), members.get("last")
    told = {name: members[name] for name in ("base", "author", "via_bot", "origin", "offset") if name in members}
    return Context(
        **told,
        day=date.fromisoformat(day) if day else None,
        last=datetime.fromtimestamp(last, UTC) if last else None,
    )
