"""When a message was sent. A page tells it in the time of the place where it was exported.

`title="03.12.2025 19:07:28 UTC+02:00"`: the offset is that of the zone's standard time all year round, the time itself is the
summer's in summer (`FormatDateTime` in Telegram Desktop's `export_data_types.cpp`). Pages of 2021 and before have no offset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final

from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

TIME: Final = re.compile(
    r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)(?: UTC(?:(?P<sign>[+\-−])(?P<hours>\d\d?):?(?P<minutes>\d\d)?)?(?P<utc>))?"
)
DAY: Final = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Telegram Desktop writes them in English, whatever its own language is."""


class NoZone(Unreadable):
    """A local time of an unknown place."""


@dataclass(frozen=True, slots=True)
class Local:
    """A time as it is written, and the offset that is written beside it."""

    time: datetime
    offset: timedelta | None

    def moment(self, zone: tzinfo | None) -> datetime:
        """The moment, given the zone the export was made in, if that is known. Raises Unreadable if it cannot be told."""
        if self.offset is None and zone is None:
            raise NoZone(
                "Its time is a local one of an unknown place, as in exports of 2021 and before. "
                "Tell in which time zone it was exported."
            )
        if zone is None or self.offset is None:
            return self.time.replace(tzinfo=zone or timezone(self.offset or timedelta())).astimezone(UTC)
        there = self.time.replace(tzinfo=zone)
        if (there.utcoffset() or timedelta()) - (there.dst() or timedelta()) != self.offset:
            raise Unreadable(f"Its time is of UTC{timezone(self.offset).tzname(None)[3:]}, which {zone} is not.")
        return there.astimezone(UTC)


def local_of(words: str) -> Local | None:
    """The time in some words, None if there is none."""
    found = TIME.search(words)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        return Local(datetime(year, month, day, hour, minute, second), _offset(found))  # noqa: DTZ001 - it has no zone yet
    except ValueError:
        return None


def day_of(words: str) -> date | None:
    """The day on a divider between two days, `2 May 2019`; None if it is something else."""
    found = DAY.fullmatch(words.strip())
    if found is None or found[2] not in MONTHS:
        return None
    try:
        return date(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None


def _offset(found: re.Match[str]) -> timedelta | None:
    if found["utc"] is None:
        return None
    if found["sign"] is None:
        return timedelta()
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset >= timedelta(days=1):
        return None
    return offset if found["sign"] == "+" else -offset
