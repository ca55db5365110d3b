"""Which part of a history an answer shows (core.telegram.org/api/offsets). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LARGEST = 100  # messages of one answer


def window(newest_first: Sequence[Any], request: Any) -> list[Any]:
    """The messages a request for a history, or a part of one, is answered with.

    The place is the first message older than `offset_id` or, without one, than `offset_date`; `add_offset` moves it towards
    older ones. What of the window lies beyond the newest message is cut off, not made up for.
    """
    place = sum(not _is_older(message, request) for message in newest_first)
    begin = place + request.add_offset
    end = begin + min(request.limit, LARGEST)
    found = newest_first[max(0, begin) : max(0, end)]
    return [
        message
        for message in found
        if message.id > request.min_id and (not request.max_id or message.id < request.max_id)
    ]


def _is_older(message: Any, request: Any) -> bool:
    if request.offset_id:
        return message.id < request.offset_id  # a moment beside an id is not looked at
    moment = request.offset_date  # where a client names none, it writes 1970
    return moment is None or not moment.timestamp() or message.date < moment
