"""Single values of v3's tables, which are text or JSON in text: whatever is not what it should be is None."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, Final

LONGEST_JSON: Final = 16 * 1024 * 1024
"""Characters. v3 set no bound to the bundle of a topic; a thousand messages of one take a quarter of a million."""


def moment(value: Any) -> datetime | None:
    """A moment as v3 wrote it: UTC, with or without its mark, to the second."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        return None


def whole(value: Any) -> int | None:
    """A whole number, or the text of one, that fits a message's id."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if abs(number) < 1 << 53 else None


def counter(value: Any) -> int | None:
    """A whole number that is not negative."""
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def share(value: Any) -> float | None:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= 1 else None


def word(value: Any, longest: int) -> str | None:
    """A text with something in it, cut to `longest` characters."""
    return value[:longest] if isinstance(value, str) and value.strip() else None


def words(value: Any, *, most: int, longest: int) -> tuple[str, ...]:
    """The texts of a list."""
    found = (word(each, longest) for each in (value if isinstance(value, list) else ()))
    return tuple(each for each in found if each)[:most]


def parsed(value: Any) -> Any:
    """The JSON of a column; None if it is empty, too long or none."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_JSON:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def members(value: Any) -> dict[str, Any]:
    """The JSON object of a column; empty if there is none."""
    found = parsed(value)
    return found if isinstance(found, dict) else {}
