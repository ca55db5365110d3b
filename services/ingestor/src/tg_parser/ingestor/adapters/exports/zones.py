"""The time zone an export was made in, where its times are local ones."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tg_parser.ingestor.ports import SourceRefused


def zone_of(name: str) -> tzinfo | None:
    """The zone called `name` in the IANA's list; None if the name is empty. Raises SourceRefused if there is none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder of zones
        raise SourceRefused(f"{name!r} is no time zone. One is called Europe/Berlin, for example.") from error
