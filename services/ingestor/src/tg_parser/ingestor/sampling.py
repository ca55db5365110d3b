"""When a post's counters are worth keeping: often while it is young, seldom later. Pure.

Every reading shows them again; kept each time, they would soon be most of the log.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Final

MOMENTS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (0, 15, 60, 180, 360, 1440, 3 * 1440, 7 * 1440, 30 * 1440, 365 * 1440)
)
"""Ages of a post, in order."""


def sample(posted: datetime, seen: datetime) -> int:
    """Which of the moments has passed last, from 0. A clock that is behind Telegram's sees the first."""
    return max(0, bisect_right(MOMENTS, seen - posted) - 1)
