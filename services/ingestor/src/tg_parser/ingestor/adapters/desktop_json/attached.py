"""What hangs on a message of an export besides files: a place, a contact, buttons."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

LONGEST: Final = 1_024
LONGEST_URL: Final = 4_096
MOST_BUTTONS: Final = 100


def attached(row: dict[str, Any]) -> dict[str, Any]:
    """The members `place`, `contact_name` and `buttons` of a message, as far as the row has them."""
    found: dict[str, Any] = {}
    if isinstance(row.get("location_information"), dict):
        found["place"] = _place(row)
    if isinstance(row.get("contact_information"), dict):
        found["contact_name"] = _name(row["contact_information"])
    if isinstance(row.get("inline_bot_buttons"), list):
        found["buttons"] = _buttons(row["inline_bot_buttons"])
    return found


def _place(row: dict[str, Any]) -> dict[str, Any] | None:
    point = row["location_information"]
    latitude, longitude = _degrees(point.get("latitude"), 90), _degrees(point.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    return {
        "latitude": latitude,
        "longitude": longitude,
        "title": _word(row.get("place_name")),
        "address": _word(row.get("address")),
        "live": "live_location_period_seconds" in row,
    }


def _degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) <= most else None


def _name(contact: dict[str, Any]) -> str | None:
    """The name alone: a phone number is nobody else's business."""
    names = (_word(contact.get("first_name")), _word(contact.get("last_name")))
    return " ".join(name for name in names if name) or None


def _buttons(rows: list[Any]) -> list[dict[str, Any]]:
    """What stands on them, and where those lead that lead somewhere."""
    buttons = [
        button for button in chain.from_iterable(row for row in rows if isinstance(row, list)) if _labelled(button)
    ]
    return [{"text": _word(button["text"]), "url": _url(button)} for button in buttons[:MOST_BUTTONS]]


def _labelled(button: Any) -> bool:
    return isinstance(button, dict) and _word(button.get("text")) is not None


def _url(button: dict[str, Any]) -> str | None:
    """Only of buttons that say so: what others carry is for their bot."""
    link = button.get("data") if button.get("type") in {"url", "auth", "web_view", "simple_web_view"} else None
    return link if isinstance(link, str) and 0 < len(link) <= LONGEST_URL else None


def _word(value: Any) -> str | None:
    return value.replace("\0", "")[:LONGEST] or None if isinstance(value, str) else None
